"""`insights doctor`: whether this machine, and with `--target aws` the AWS account, have what the platform needs."""

import boto3
import typer
from rich.text import Text

from infra.cli.console import listing, print_json, terminal
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.local.account.settings import Settings
from infra.preflight import Finding, Level, aws, machine

STYLES = {Level.OK: "green", Level.FAIL: "bold red", Level.UNKNOWN: "yellow"}


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check what the platform needs, and say how to fix what is missing.

    This machine and the port of the local account; with `--target aws` credentials, region, CDK bootstrap, quotas and
    names that are taken. It exits with 1 when a check fails, and changes nothing.
    """
    findings = machine.check_tools()
    if context.obj == "aws":
        findings += aws.check_account(boto3.Session())
    else:
        findings += machine.check_local_account(Settings.from_environment())
    if as_json:
        print_json([finding.as_json() for finding in findings], indent=2)
    else:
        _print(findings)
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _print(findings: list[Finding]) -> None:
    table = listing("", "check", "found")
    for finding in findings:
        found = Text(finding.found)
        if finding.fix:
            found.append(f"\n→ {finding.fix}", "bold")
        table.add_row(Text(finding.level.value, STYLES[finding.level]), Text(finding.check), found)
    terminal().print(table)

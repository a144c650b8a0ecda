"""`insights dbt diff`: what a change of the dbt project does to gold, and whom it reaches."""

import argparse
import concurrent.futures
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence

import typer

from infra import ROOT
from infra.cli.athena import run_query
from infra.cli.errors import fail

PROJECT = ROOT / "transforms" / "dbt"
# a change of something else leaves nothing to build, which is no error here
_NOTHING_TO_BUILD = ["--warn-error-options", '{"silence": ["NoNodesForSelectionCriteria"]}']


def diff(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Build what a checkout changes in the developer's database, and say how it differs from production.

    Args:
        words: of the command line, after `diff`.
        environment: of dbt, with target dev.

    Returns:
        dbt's exit status of the build.
    """
    given = _parse(words)
    with tempfile.TemporaryDirectory() as folder:
        state = pathlib.Path(folder)
        _check_out(given.base, state)
        before, after = state / "before", state / "after"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            # full refreshes: what an incremental build adds to follows from what a whole one makes
            compiled = [
                pool.submit(_dbt, ["--quiet", "compile", "--full-refresh", *options], environment)
                for options in (
                    ["--target", "prod", "--project-dir", f"{state}/transforms/dbt", "--target-path", str(before)],
                    ["--target-path", str(after)],
                )
            ]
            if any(one.result() for one in compiled):
                fail("the project does not compile", "dbt's messages are above")
        # what the second compilation has parsed need not be parsed again:
        # https://docs.getdbt.com/reference/global-configs/about-global-configs
        parsed = ["--partial-parse-file-path", str(after / "partial_parse.msgpack")]
        # what an earlier change left there would be read in the place of gold
        _dbt(["--quiet", "run-operation", "drop_everything", *parsed], environment)
        select = [f"{one},state:modified+" for one in given.select] or ["state:modified+"]
        against = ["--state", str(before), "--defer", *parsed]
        built = _dbt(["build", "--select", *select, *against, *_NOTHING_TO_BUILD], environment)
        text = _report(before / "manifest.json", after / "manifest.json", built=built == 0)
    typer.echo(text)
    if given.markdown:
        given.markdown.parent.mkdir(parents=True, exist_ok=True)
        given.markdown.write_text(text)
    return built


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("insights dbt diff", description="Say what this checkout's models do to gold.")
    parser.add_argument("select", nargs="*", help="dbt's node selection; without it, everything that is changed")
    parser.add_argument("--base", default="origin/main", help="the revision that production was built from")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the report to a file, too")
    return parser.parse_args(words)


def _check_out(base: str, folder: pathlib.Path) -> None:
    found = subprocess.run(
        ["git", "archive", base, "transforms/dbt"],  # noqa: S607  git of the developer's own path
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if found.returncode:
        fail(f"there is no revision {base}", found.stderr.decode().strip())
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _dbt(words: Sequence[str], environment: Mapping[str, str]) -> int:
    command = [str(pathlib.Path(sys.executable).with_name("dbt")), *words]
    return subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode


def _report(before: pathlib.Path, after: pathlib.Path, *, built: bool) -> str:
    # take a while to import
    from transforms.impact.consumers import merge
    from transforms.impact.data_diff import Difference, compare
    from transforms.impact.manifest import read_manifest
    from transforms.impact.report import write_report

    old, new = read_manifest(before), read_manifest(after)
    results = json.loads((PROJECT / "target" / "run_results.json").read_text())["results"] if built else []
    scanned = {
        one["unique_id"].rsplit(".", 1)[-1]: int(one["adapter_response"].get("data_scanned_in_bytes") or 0)
        for one in results
        if one["unique_id"].startswith("model.") and one["status"] == "success"
    }

    def compare_one(name: str) -> Difference:
        return compare(old.models.get(name), new.models[name], lambda sql: run_query(sql).rows)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        differences = dict(zip(scanned, pool.map(compare_one, scanned), strict=True))
    changed = new.project.changed_since(old.project)
    reached = merge(new.project.reach(changed, new.tests), old.project.reach(changed))
    return write_report(differences, scanned, reached)

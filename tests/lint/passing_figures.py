"""Figures of pages that are codes of programs and protocols, times that people need, or plain English.

Part of the rules of `page_figures`.
"""

from infra.cli.exit_codes import ExitCode
from tests.lint.figures import MEASURED, Rule, outside, rule, statuses

ENGLISH = "plain English, no figure of the platform"

PASSING: tuple[Rule, ...] = (
    # codes
    rule(r"[Ee]xits? (?:with|code) (0)\b", "ExitCode.OK", lambda: ExitCode.OK.value),
    rule(r"[Ee]xit code (0)\b", "ExitCode.OK", lambda: ExitCode.OK.value),
    rule(r"(?:exits with|else with) (1)\b", "ExitCode.FAILED", lambda: ExitCode.FAILED.value),
    rule(r"one that runs and exits with (4)\b", "ExitCode.BUSY", lambda: ExitCode.BUSY.value),
    *(
        rule(
            rf"(?<![\w.,])({status})(?![\w%]|,\d| (?:GB|days|ms|lines))",
            "the statuses of docs/openapi.json",
            statuses(status),
        )
        for status in ("400", "401", "404", "410", "412", "422", "429")
    ),
    outside(r"HTTP (500) of DynamoDB", "HTTP"),
    outside(r"RFC (\d+)", "the number of a standard"),
    # times that people need, and counts in passing
    outside(r"In (ten|five) minutes you|model in (ten) minutes", MEASURED),
    outside(r"It should take about (ten) minutes", "an estimate: nothing has been deployed to AWS yet"),
    outside(r"\| (20) s \||up to (5) min|\| (1) min, (3) min|goal is (20) min", "`make test` and `make unit` print it"),
    outside(r"within (three) working days", "a promise of the maintainers"),
    outside(
        r"on (two) idle cores|compares the (two)|table of a few (thousand)|(Two) libraries|difference of (two) dates"
        r"|\| (two) runs|and (two) terminals|(Two) homes|through (four) layers|Steps (2) and (3)|conflict of (two)"
        r"|between (two) looks|`c*[^`]*`: (Three) models|the last (50) lines|the same users, (100) %|to (1) in \["
        r"|arrow#(\d+)|metric `[^`]*` is ([01])\b|(100,000) and more events|ADR (\d+)(?: to (\d+))?"
        r"|between (two) tables|(Two) executions start|in (six) ways|execution, (five) times",
        ENGLISH,
    ),
)

"""`make bench`: run the benches, write docs/benchmarks.md and docs/scale.md; 1 when a figure became worse."""

import argparse
import datetime as dt
import pathlib
import sys

from tests.bench.report import compare, page, results
from tests.bench.report.figures import BENCHES
from tests.bench.report.results import Result
from tests.bench.scale import page as scale

QUICK: dict[str, tuple[str, ...]] = {
    "silver": ("--quick",),
    "gold": ("--events", "20000", "--quick"),
    "growth": ("--events", "10000", "--runs", "1"),
    "soak": ("--seconds", "60"),
}


def main() -> int:
    """Run what is asked for; 1 when a bench has no figures, or one became worse than the committed report has it."""
    options = _options()
    before = results.read()
    now: dict[str, list[Result]] = {}
    failed: list[str] = []
    for bench in options.only or ([] if options.take else BENCHES):
        arguments = QUICK.get(bench, ()) if options.quick else ()
        for _ in range(2 if options.twice else 1):
            try:
                now.setdefault(bench, []).append(results.run(bench, arguments))
            except ValueError as error:
                failed.append(str(error))
    for taken in options.take:
        bench, _, rest = taken.partition("=")
        path, *arguments = rest.split(",")
        ended = dt.datetime.fromtimestamp(pathlib.Path(path).stat().st_mtime, dt.UTC)
        now.setdefault(bench, []).append(results.result(bench, arguments, pathlib.Path(path).read_text(), ended))
    failed += [line for bench, found in now.items() for line in compare.worse(before.get(bench, []), found)]
    for line in failed:
        print(f"worse: {line}", file=sys.stderr)
    if not options.check:
        kept = {**before, **now}
        results.write(kept)
        written = results.read()
        page.PAGE.write_text(page.text(written))
        scale.PAGE.write_text(scale.text(written))
    print(f"bench: {', '.join(now)}: {len(failed)} worse", flush=True)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.report", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=BENCHES, help="run these; others stay as they are in the report")
    parser.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="BENCH=FILE[,ARGUMENT…]",
        help="take a bench's figures from what it printed earlier, with these arguments",
    )
    parser.add_argument("--quick", action="store_true", help="fewer events: minutes instead of an hour")
    parser.add_argument("--twice", action="store_true", help="run each twice, and name the ratios that do not agree")
    parser.add_argument("--check", action="store_true", help="compare with the committed report, and write nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

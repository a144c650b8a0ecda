"""`python -m infra.site` writes the generated pages (`make reference`); `--check` only says which are out of date."""

import argparse
import sys

from infra import ROOT
from infra.site import pages


def main(arguments: list[str]) -> int:
    """Write or check the pages; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.site", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    check = parser.parse_args(arguments).check
    missing = pages.undocumented()
    changed = pages.stale() if check else [] if missing else pages.write()
    for finding in missing:
        print(finding, file=sys.stderr)
    for path in changed:
        print(f"{path.relative_to(ROOT)}{' is out of date: `make reference` writes it' if check else ''}")
    return int(bool(missing) or (check and bool(changed)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

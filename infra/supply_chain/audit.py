"""Known vulnerabilities of what is locked: `python -m infra.supply_chain.audit` (`make audit`).

pip-audit asks the advisory database of the package index. A mirror or a machine without a network does not have it;
pip-audit then reports no vulnerabilities and skips packages, so what was not looked up is told here, and is a failure.
https://pypi.org/project/pip-audit/
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from infra import ROOT

# the second is the only lock with packages that the first has not
LOCKS = ("requirements.lock", "tests/clients/generator.lock")
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 2
# advisories that do not concern this project -> why not
IGNORED: Mapping[str, str] = {}


def audit(lock: str) -> list[dict[str, Any]] | None:
    """What pip-audit says of each package of a lock; None when it could not ask.

    Args:
        lock: hashed requirements, relative to the repository.
    """
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--format=json",
        "--progress-spinner=off",
    ]
    ignored = [f"--ignore-vuln={advisory}" for advisory in IGNORED]
    done = subprocess.run([*command, *ignored, "-r", lock], cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(done.stderr.strip().rpartition("\n")[2], file=sys.stderr)
        return None
    return found


def verdict(dependencies: Sequence[Mapping[str, Any]] | None) -> tuple[int, list[str]]:
    """An exit code, and a line for each finding.

    Args:
        dependencies: as `audit` returns them.
    """
    if dependencies is None:
        return NOT_AUDITED, ["nothing was audited: the advisory database cannot be reached from here"]
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for each in dependencies
        for found in each.get("vulns", [])
    ]
    code = VULNERABLE if lines else NOT_AUDITED if skipped else CLEAN
    if skipped:
        lines.append(
            f"{len(skipped)} of {len(dependencies)} packages were not audited, the package index in use has no "
            f"advisories for them: {', '.join(skipped[:5])}{', …' if len(skipped) > 5 else ''}"
        )
    return code, lines or [f"{len(dependencies)} packages, no known vulnerability"]


def main() -> int:
    """Audit every lock and print what was found; the gravest exit code."""
    worst = CLEAN
    for lock in LOCKS:
        code, lines = verdict(audit(lock))
        print("\n".join(f"{lock}: {line}" for line in lines))
        worst = code if worst == CLEAN else min(worst, code) if code else worst
    return worst


if __name__ == "__main__":
    sys.exit(main())

"""What could not be audited is never taken for clean."""

from typing import Any

import pytest

from infra.supply_chain import audit

CLEAN = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1)"}


@pytest.mark.parametrize(
    ("dependencies", "code", "output"),
    [
        ([CLEAN], audit.CLEAN, "1 packages, no known vulnerability"),
        ([CLEAN, VULNERABLE], audit.VULNERABLE, "b 2: PYSEC-1, fixed in 3"),
        ([CLEAN, SKIPPED], audit.NOT_AUDITED, "1 of 2 packages were not audited"),
        ([VULNERABLE, SKIPPED], audit.VULNERABLE, "b 2: PYSEC-1"),
        (None, audit.NOT_AUDITED, "nothing was audited"),
    ],
)
def test_each_outcome_has_its_exit_code_and_says_what_happened(
    dependencies: list[dict[str, Any]] | None, code: int, output: str
) -> None:
    found, lines = audit.verdict(dependencies)
    assert found == code
    assert lines[0].startswith(output)


@pytest.mark.parametrize(("codes", "worst"), [((0, 0), 0), ((0, 2), 2), ((2, 1), 1), ((1, 0), 1)])
def test_the_gravest_outcome_of_all_locks_counts(
    codes: tuple[int, int], worst: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = dict(zip(audit.LOCKS, codes, strict=True))
    monkeypatch.setattr(audit, "audit", lambda lock: lock)
    monkeypatch.setattr(audit, "verdict", lambda lock: (answers[lock], []))
    assert audit.main() == worst

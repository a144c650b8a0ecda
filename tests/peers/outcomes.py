"""What a suite's tests did, and how that differs from the committed list."""

import dataclasses
import pathlib
import tomllib
import xml.etree.ElementTree as ET


@dataclasses.dataclass(frozen=True)
class Expected:
    """The tests that do not pass.

    Args:
        failing: test -> reason.
        outside: those of them that ask for what no local account has: AWS itself, https, another version of a client.
        racing: those of them that pass when nothing happens at the same moment.
    """

    failing: dict[str, str]
    outside: set[str]
    racing: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def read(cls, path: pathlib.Path) -> "Expected":
        """`[[group]]` with `reason`, `tests` and, where it is so, `outside = true` or `racing = true`."""
        groups = tomllib.loads(path.read_text()).get("group", []) if path.exists() else []
        failing = {test: group["reason"] for group in groups for test in group["tests"]}
        outside, racing = (
            {test for group in groups if group.get(word) for test in group["tests"]} for word in ("outside", "racing")
        )
        return cls(failing, outside, racing)


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """The tests of one run by what they did."""

    passed: set[str]
    failed: dict[str, str]
    skipped: set[str]

    @classmethod
    def read(cls, path: pathlib.Path) -> "Outcomes":
        """From pytest's JUnit XML; a failure with its first line."""
        passed, failed, skipped = set[str](), dict[str, str](), set[str]()
        for case in ET.parse(path).iter("testcase"):  # noqa: S314 - pytest wrote it
            name = f"{case.get('classname', '')}::{case.get('name', '')}"
            wrong = next((child for child in case if child.tag in ("failure", "error")), None)
            if wrong is not None:
                failed[name] = (wrong.get("message") or "").strip().split("\n")[0]
            elif any(child.tag == "skipped" for child in case):
                skipped.add(name)
            else:
                passed.add(name)
        return cls(passed - failed.keys(), failed, skipped - failed.keys())

    def summary(self, expected: Expected) -> dict[str, float]:
        """Counts, and the share of passed tests among those that are within reach, in percent."""
        reached = [test for test in self.failed if test not in expected.outside]
        counted = len(self.passed) + len(reached)
        return {
            "passed": len(self.passed),
            "failed": len(reached),
            "outside": len(self.failed) - len(reached),
            "skipped": len(self.skipped),
            "passed_pct": round(100 * len(self.passed) / counted, 2) if counted else 0.0,
        }

    def unexpected(self, expected: Expected) -> list[str]:
        """What the list does not say: new failures, and listed tests that pass by now."""
        new = [f"fails: {test}: {message}" for test, message in self.failed.items() if test not in expected.failing]
        return sorted(new) + sorted(
            f"passes, remove it from the list: {test}" for test in self.passed & ({*expected.failing} - expected.racing)
        )

"""What has to be right before anything is started or deployed, for `insights doctor`: one check, one finding, one fix.

`machine` is about this machine and the local account, `aws` about an AWS account and region.
"""

import dataclasses
import enum


class Level(enum.Enum):
    """How a check went."""

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It could not be made, for lack of a permission for example."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of one check.

    Args:
        check: what was checked, in a word or two.
        level: how it went.
        found: what there is.
        fix: what to do about it; empty when there is nothing to do.
    """

    check: str
    level: Level
    found: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        """The finding as `insights doctor --json` prints it."""
        return {"check": self.check, "level": self.level.value, "found": self.found, "fix": self.fix}


def passed(check: str, found: str) -> Finding:
    """The finding of a check with nothing to do."""
    return Finding(check, Level.OK, found)


def failed(check: str, found: str, fix: str) -> Finding:
    """The finding of a check with something to do."""
    return Finding(check, Level.FAIL, found, fix)

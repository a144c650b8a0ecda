"""How far insights have been published: one small object beside gold, and the rows that wait to be tried again.

`orchestration.publish` writes it; `orchestration.window` reads whether a run has something to publish although nothing
is new.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from orchestration.contract import PUBLISHED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROGRESS = f"{PUBLISHED}progress.json"
MAX_SKIPPED = 1000
"""Users whose rows are tried again: they are named in the query, which may be 256 KB long:
https://docs.aws.amazon.com/athena/latest/ug/service-limits.html. More than that are a fault of the model."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """The last row that was published, in the order of `as_of` and `user_id`.

    Args:
        as_of: of the row, as Athena writes timestamps; empty before the first row.
        user_id: of the row.
        skipped: users whose row could not be published, sorted.
    """

    as_of: str = ""
    user_id: str = ""
    skipped: Sequence[str] = ()

    def condition(self) -> str:
        """The SQL condition of the rows after this one, and of those that were skipped."""
        if not self.as_of:
            return "true"
        moment, user = f"timestamp '{_quoted(self.as_of)}'", f"'{_quoted(self.user_id)}'"
        # the first half alone lets engines skip files
        later = f"as_of >= {moment} and (as_of > {moment} or user_id > {user})"
        if not self.skipped:
            return later
        users = ", ".join(f"'{_quoted(one)}'" for one in self.skipped)
        return f"({later}) or user_id in ({users})"

    def after(self, row: Mapping[str, str], skipped: Iterable[str]) -> "Progress":
        """How far publishing has come when a row is published; never less far.

        Args:
            row: of `user_insights`.
            skipped: users whose row could not be published so far.
        """
        at = max((self.as_of, self.user_id), (row["as_of"].removesuffix(" UTC"), row["user_id"]))
        return Progress(*at).waiting_for(skipped)

    def waiting_for(self, skipped: Iterable[str]) -> "Progress":
        """As far, with other rows to be tried again.

        Args:
            skipped: users whose row could not be published.
        """
        return dataclasses.replace(self, skipped=sorted(skipped)[:MAX_SKIPPED])

    def save(self, s3: "S3Client", bucket: str) -> None:
        """Replace what is kept of it.

        Args:
            s3: keeps it.
            bucket: of gold.
        """
        s3.put_object(Bucket=bucket, Key=PROGRESS, Body=json.dumps(dataclasses.asdict(self)).encode())


def read_progress(s3: "S3Client", bucket: str) -> Progress:
    """How far publishing has come.

    Args:
        s3: keeps it.
        bucket: of gold.
    """
    try:
        stored = s3.get_object(Bucket=bucket, Key=PROGRESS)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return Progress()
    return Progress(**json.loads(stored))


def _quoted(text: str) -> str:
    return text.replace("'", "''")

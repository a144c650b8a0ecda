"""A database like gold, a bucket for its tables and a workgroup to ask it in, all of one name."""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Self

import boto3

from tests.integration.local.athena.conftest import Queries
from tests.integration.transforms.bi import tables


@dataclasses.dataclass(frozen=True)
class Gold:
    """A database like gold.

    Args:
        name: of the database, the bucket and the workgroup.
    """

    session: boto3.Session
    name: str

    @property
    def queries(self) -> Queries:
        return Queries(self.session, self.name, self.name)

    def fill(self, rows: Mapping[str, tables.Rows]) -> None:
        tables.create(self.session, self.name, self.name, rows)

    @classmethod
    def make(cls, session: boto3.Session) -> Self:
        """One without tables."""
        made = cls(session, f"bi{uuid.uuid4().hex[:10]}")
        session.client("s3").create_bucket(Bucket=made.name)
        session.client("glue").create_database(DatabaseInput={"Name": made.name})
        session.client("athena").create_work_group(
            Name=made.name,
            Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{made.name}/athena-results/"}},
        )
        return made

    def remove(self) -> None:
        """Take the database and the workgroup away again."""
        self.session.client("athena").delete_work_group(WorkGroup=self.name, RecursiveDeleteOption=True)
        self.session.client("glue").delete_database(Name=self.name)

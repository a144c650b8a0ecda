"""A gold database of known rows, and a workgroup to ask it in."""

import dataclasses
import uuid
from collections.abc import Iterator, Mapping

import boto3
import pytest

from tests.conftest import Account
from tests.integration.local.athena.conftest import Queries
from tests.integration.transforms.bi import known, tables


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


@pytest.fixture(scope="module")
def empty_gold(account: Account) -> Iterator[Gold]:
    """A database without tables."""
    gold = Gold(account.session, f"bi-{uuid.uuid4().hex[:10]}".replace("-", ""))
    account.session.client("s3").create_bucket(Bucket=gold.name)
    account.session.client("glue").create_database(DatabaseInput={"Name": gold.name})
    account.session.client("athena").create_work_group(
        Name=gold.name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{gold.name}/athena-results/"}}
    )
    yield gold
    account.session.client("athena").delete_work_group(WorkGroup=gold.name, RecursiveDeleteOption=True)
    account.session.client("glue").delete_database(Name=gold.name)


@pytest.fixture(scope="module")
def known_gold(empty_gold: Gold) -> Gold:
    """The rows of `known`."""
    empty_gold.fill(known.TABLES)
    return empty_gold

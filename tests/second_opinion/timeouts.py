"""A plugin of pytest: the API waits as long as moto, which copies a table for each item of a transaction, takes."""

import pytest

from api.repositories import dynamodb

READ_SECONDS = 120


@pytest.fixture(autouse=True, scope="session")
def long_read_timeout() -> None:
    """Applies to every client that is made from now on."""
    dynamodb.READ_SECONDS = READ_SECONDS

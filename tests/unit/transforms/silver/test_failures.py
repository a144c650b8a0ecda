"""What Spark says when it dies, or when a file is gone, in words that help."""

import pytest
from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]

from transforms.silver.failures import SilverFileLost, SparkEnded, explained

FILE = "s3://todo-silver-000000000000-us-east-1/todo_silver.db/tasks-20261101T000000/data/00000-1.parquet"


@pytest.mark.parametrize("error", [Py4JNetworkError("Answer from Java side is empty"), ConnectionRefusedError(111, "")])
def test_a_jvm_that_was_killed_is_named_with_the_command(error: Exception) -> None:
    with pytest.raises(SparkEnded, match=r"killed.* insights pipeline redrive --wait"), explained():
        raise error


@pytest.mark.parametrize(
    "message",
    [
        f"org.apache.iceberg.exceptions.NotFoundException: Location does not exist: {FILE}",
        f"java.io.FileNotFoundException: No such file or directory: {FILE}\n\tat org.apache",
        f"NoSuchKeyException: The specified key does not exist. (Service: S3) {FILE}",
    ],
)
def test_a_lost_file_is_named_with_its_table_and_the_command(message: str) -> None:
    with pytest.raises(SilverFileLost) as caught, explained():
        raise RuntimeError(message)
    assert f"tasks has lost the file {FILE}" in str(caught.value)
    assert "insights pipeline start --rebuild tasks --wait" in str(caught.value)


def test_everything_else_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError), explained():
        raise KeyError("title")

"""Batches of the table's stream that Lambda discarded for one function: a source of messages in bronze."""

from collections.abc import Iterator, Sequence

from ingestion.bronze import Bronze
from ingestion.discarded import list_discarded
from ingestion.replay.source import Message

# of objects that are in memory together; a batch has at most 6 MB, and after a bisection mostly one record
BATCH_BYTES = 16 * 1024 * 1024
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
BATCH_OBJECTS = 1000


class DiscardedBatches:
    """Objects of bronze, each an invocation record.

    Args:
        bronze: the bucket.
        function: whose batches.
    """

    def __init__(self, bronze: Bronze, function: str) -> None:
        self.name = f"{function}-discarded"
        self._bronze, self._function = bronze, function

    def count_messages(self) -> int:
        """How many objects there are."""
        return len(self._keys())

    def read_batches(self) -> Iterator[list[Message]]:
        """All objects, in the order in which Lambda wrote them."""
        s3, batch, size = self._bronze.client, list[Message](), 0
        for key in self._keys():
            try:
                body = s3.get_object(Bucket=self._bronze.bucket, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:  # another replay was faster
                continue
            batch.append(Message(key, body.decode(errors="replace"), key))
            size += len(body)
            if size >= BATCH_BYTES or len(batch) == BATCH_OBJECTS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def delete(self, messages: Sequence[Message]) -> dict[str, str]:
        """Delete objects; key -> why S3 did not."""
        if not messages:
            return {}
        done = self._bronze.client.delete_objects(
            Bucket=self._bronze.bucket, Delete={"Objects": [{"Key": one.receipt} for one in messages], "Quiet": True}
        )
        return {one["Key"]: one.get("Message") or one.get("Code", "") for one in done.get("Errors", [])}

    def release(self) -> None:
        """An object is hidden from nobody while it is read."""

    def _keys(self) -> list[str]:
        return list_discarded(self._bronze.client, self._bronze.bucket).get(self._function, [])

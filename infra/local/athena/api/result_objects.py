"""The objects that a query leaves in its output location."""

from collections.abc import Sequence

from infra.local.athena.api.results import Result
from infra.local.athena.data.s3_objects import Objects, split_uri
from infra.local.athena.errors import AthenaError


def save(objects: Objects, location: str, result: Result, written: Sequence[str]) -> tuple[str, str]:
    """Write the result with the caller's permissions; returns the URIs of the result and of the manifest, if any.

    A table is `<id>.csv`, all else `<id>.txt`; what writes data leaves a manifest of its files, even if there are none.

    Args:
        location: the output location with the query's id, without an ending.

    Raises:
        AthenaError: the caller may not write there.
    """
    if not location.startswith("s3:"):
        return location, ""  # managed results
    output = location + (".csv" if result.kind == "DML" else ".txt")
    manifest = f"{location}-manifest.csv" if result.is_write else ""
    try:
        objects.put(output, result.body().encode())
        objects.put(output + ".metadata", b"")
        if manifest:
            objects.put(manifest, "\n".join(written).encode())
    except Exception as error:
        bucket, _ = split_uri(output)
        raise AthenaError(
            f"Access denied when writing output to url: {output}. Please ensure you are allowed to access "
            f"the S3 bucket {bucket}: {error}"
        ) from error
    return output, manifest

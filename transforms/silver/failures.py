"""Failures of Spark that name neither what failed nor what to do, raised again as ones that do."""

import contextlib
import re
from collections.abc import Iterator

from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]

# a file of a table that its metadata names and that is not there; S3A and Iceberg say so in several ways
LOST_FILE = re.compile(
    r"(?:does not exist|NoSuchKey|No such key|FileNotFound)[^\n]*?"
    r"(?P<file>s3a?://[^\s:,'\"]*?/\w+\.db/(?P<table>[a-z_]+?)(?:-\d\w*)?/[^\s,'\")]+)"
)


class SparkEnded(Exception):  # noqa: N818 - the pipeline's states tell failures by this name
    """Spark's JVM ended under the job: it was killed, most likely for lack of memory."""


class SilverFileLost(Exception):  # noqa: N818 - the pipeline's states tell failures by this name
    """A file that a table of silver consists of is gone; the message names both and the command that repairs it."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raise what the block raises, as something that says what happened and what to do next.

    Raises:
        SparkEnded: the JVM does not answer any more.
        SilverFileLost: a table's file is gone.
    """
    try:
        yield
    except (Py4JNetworkError, ConnectionError) as error:
        raise SparkEnded(
            "Spark's JVM was killed, most likely for lack of memory; every table is whole. "
            "Go on: insights pipeline redrive --wait; when it happens again, give the job more workers"
        ) from error
    except Exception as error:
        lost = LOST_FILE.search(str(error))
        if lost is None:
            raise
        raise SilverFileLost(
            f"the table {lost['table']} has lost the file {lost['file']}. "
            f"Rebuild from bronze: insights pipeline start --rebuild {lost['table']} --wait"
        ) from error

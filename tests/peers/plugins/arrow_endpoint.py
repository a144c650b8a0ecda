"""pytest plugin: pyarrow's S3 file system reaches the account.

Its constructor takes no endpoint from the environment (https://github.com/apache/arrow/issues/49643), and PyAthena
passes none on.
"""

import functools
import os

from pyarrow import fs

fs.S3FileSystem = functools.partial(fs.S3FileSystem, endpoint_override=os.environ["AWS_ENDPOINT_URL_S3"])

"""Cold import of the handler as it is shipped, against its three largest libraries alone, in fresh processes.

Both read the bundle that the local account deploys, with its byte code; boto3 comes from this environment, as it comes
from the runtime on Lambda, with byte code of its own.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import sysconfig
import tempfile

from infra import bundling

HANDLER = "import api.entrypoint"
LIBRARIES = "import fastapi, mangum, boto3"
ROUNDS = 25
PROBE = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
began = time.perf_counter()
{imports}
print(time.perf_counter() - began)
"""


def import_ratio() -> float:
    """The handler's import time divided by the libraries', medians of `ROUNDS` interleaved processes each."""
    folders = [str(bundling.build("todo-api", "local")), sysconfig.get_path("purelib")]
    with tempfile.TemporaryDirectory() as byte_code:
        for imports in (HANDLER, LIBRARIES):
            _seconds(imports, folders, pathlib.Path(byte_code))
        pairs = [
            (_seconds(HANDLER, folders, pathlib.Path(byte_code)), _seconds(LIBRARIES, folders, pathlib.Path(byte_code)))
            for _ in range(ROUNDS)
        ]
    handler, libraries = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"cold import: {handler * 1000:.0f} ms, libraries alone {libraries * 1000:.0f} ms", file=sys.stderr)
    ratio: float = handler / libraries
    return ratio


def _seconds(imports: str, folders: list[str], byte_code: pathlib.Path) -> float:
    environment = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "CURSOR_KEY_SECRET_ID": "none",
        "HOME": os.environ["HOME"],
        "PYTHONPYCACHEPREFIX": str(byte_code),
        "TABLE_NAME": "none",
    }
    program = [sys.executable, "-S", "-c", PROBE.format(imports=imports), json.dumps(folders)]
    done = subprocess.run(program, env=environment, cwd="/", capture_output=True, text=True, check=True)
    return float(done.stdout)

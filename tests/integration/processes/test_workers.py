"""pytest with several workers, as `make test` runs it."""

import os
import re
import subprocess
import sys

from tests.work_groups import TESTS


def test_a_worker_runs_whole_groups() -> None:
    plugins = ["-p", "xdist", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-v", *plugins, "-n", "2", "--dist=loadgroup"]
    modules = ["tests/unit/orchestration/test_new_objects.py", "tests/unit/orchestration/test_on_execution_end.py"]
    # three processes that load every plugin take longer than the tests
    few = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([*command, *modules], cwd=TESTS.parent, env=few, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    ran = re.findall(r"\[(gw\d+)\].* PASSED (\S+?)::", done.stdout)
    assert {module for _, module in ran} == set(modules)
    assert len(set(ran)) == len(modules)  # no module ran on two workers

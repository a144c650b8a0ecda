"""The deployed API keeps to its OpenAPI document, whatever is sent: every check of Schemathesis, for a minute."""

import re

import pytest

from tests.e2e.conftest import Platform
from tests.fuzz.__main__ import fuzz

pytestmark = [pytest.mark.account, pytest.mark.deployed, pytest.mark.slow]


def test_no_request_gets_an_answer_that_the_document_does_not_tell(platform: Platform) -> None:
    # `make fuzz-api` looks for longer, and elsewhere each time
    done = fuzz(platform.outputs, seconds=60, examples=10, seed=7)
    assert done.returncode == 0, done.stdout
    tested = re.search(r"Tested: (\d+)", done.stdout)
    cases = re.search(r"(\d+) generated", done.stdout)
    assert tested is not None
    assert cases is not None
    assert int(tested[1]) == 27
    assert int(cases[1]) > 200

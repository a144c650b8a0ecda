"""What the operator's commands call by name is what the stacks make; the two folders may not import each other."""

from infra.cli.replay import QUEUES, Which
from infra.stacks import names
from ingestion import bronze


def test_the_commands_name_what_is_deployed() -> None:
    assert bronze.DELIVERY_STREAM == names.CDC_STREAM
    assert QUEUES[Which.CDC] == (names.CDC_FAILURES, names.CDC_QUARANTINE)
    assert QUEUES[Which.PIPELINE] == (names.PIPELINE_FAILURES,)

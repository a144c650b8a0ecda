"""`insights replay` and `insights backfill`: the commands of `ingestion`, with this program's errors and target."""

from infra.cli.errors import explain_errors
from infra.cli.target import writes
from ingestion.backfill.command import backfill as run_backfill
from ingestion.replay.command import replay as run_replay

backfill = writes()(explain_errors()(run_backfill))
replay = writes()(explain_errors()(run_replay))

"""Run generated SQL on a local account: `python -m tests.sql_fuzz [--seconds 600] [--seed N]`.

Exit status 1: a statement ended without rows and without one of Athena's errors; it is printed with the seed.
"""

import argparse
import json
import os
import pathlib
import random
import tempfile

from infra.local.account.settings import Settings
from tests.conftest import Account, free_port
from tests.integration.local.athena.conftest import Queries
from tests.sql_fuzz.run import Report, prepare, run


def main() -> int:
    """Run for the given time and print what the statements ended with."""
    parser = argparse.ArgumentParser(prog="python -m tests.sql_fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sql-fuzz-") as home:
        settings = Settings(home=pathlib.Path(home), port=free_port())
        os.environ.update(settings.client_environment())
        account = Account.at(settings)
        account.start()
        try:
            account.session.client("s3").create_bucket(Bucket="sql-fuzz")
            account.session.client("glue").create_database(DatabaseInput={"Name": "sql_fuzz"})
            queries = Queries(account.session, "sql_fuzz", "sql-fuzz")
            prepare(queries)
            report: Report = run(queries, options.seed, options.seconds)
        finally:
            account.stop()
    print("\n".join(report.unclear))
    print(f"sql-fuzz: {json.dumps({'seed': options.seed, 'statements': report.count, **report.counts()})}")
    return 1 if report.unclear else 0


raise SystemExit(main())

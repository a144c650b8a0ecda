"""What the statements of an Athena workgroup scanned, by the dbt node that sent them."""

import re
import time
from collections import Counter

from infra.stacks.change_lines import table_input
from tests.conftest import Account

# dbt begins every statement with a comment that says which node it is for
NODE = re.compile(r'"node_id": "([^"]+)"')


class Statements:
    """A bucket, a workgroup and the databases of silver and gold, all of one name; and what was asked there.

    Args:
        account: to make them in.
        name: of the bucket and the workgroup; the databases are `<name>_silver` and `<name>_gold`.
    """

    def __init__(self, account: Account, name: str) -> None:
        self.name, self.account = name, account
        self.athena = account.session.client("athena", endpoint_url=account.settings.endpoint)
        self._seen: set[str] = set()
        account.session.client("s3").create_bucket(Bucket=name)
        self.athena.create_work_group(
            Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/athena-results/"}}
        )
        glue = account.session.client("glue")
        for layer in ("bronze", "silver", "gold"):
            glue.create_database(DatabaseInput={"Name": f"{name}_{layer}"})
        glue.create_table(DatabaseName=f"{name}_bronze", TableInput=table_input(f"s3://{name}/bronze/"))

    def since_last(self) -> Counter[str]:
        """Bytes by node, of the statements that came since the last call; "" stands for no node."""
        pages = self.athena.get_paginator("list_query_executions").paginate(WorkGroup=self.name)
        new = [one for page in pages for one in page["QueryExecutionIds"] if one not in self._seen]
        self._seen.update(new)
        scanned: Counter[str] = Counter()
        for at in range(0, len(new), 50):
            batch = self.athena.batch_get_query_execution(QueryExecutionIds=new[at : at + 50])
            for execution in batch["QueryExecutions"]:
                found = NODE.search(execution["Query"])
                node = found[1] if found else ""
                scanned[node] += execution["Statistics"].get("DataScannedInBytes", 0)
        return scanned

    def scanned_by(self, sql: str) -> int:
        """Run a query on gold; the bytes that it scanned.

        Raises:
            AssertionError: the query failed.
        """
        identifier = self.athena.start_query_execution(
            QueryString=sql, WorkGroup=self.name, QueryExecutionContext={"Database": f"{self.name}_gold"}
        )["QueryExecutionId"]
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.05)
        assert execution["Status"]["State"] == "SUCCEEDED", f"{sql}\n{execution['Status']}"
        self._seen.add(identifier)
        return int(execution["Statistics"]["DataScannedInBytes"])

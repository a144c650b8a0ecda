"""What a build of the pipeline fails on, from dbt's own words to the message that operators get.

The project is a tiny one; what runs it and what names its failures are the product's.
"""

import pathlib

import pytest

from tests.integration.orchestration.conftest import Pipeline, allow

pytestmark = [pytest.mark.account, pytest.mark.slow]

DBT = pathlib.Path(__file__).resolve().parents[3] / "transforms" / "dbt"
PRODUCTS = ("runner.py", "failed_nodes.py", "profiles.yml")
TINY = {
    "dbt_project.yml": """
name: tiny
profile: todo_insights
models: {+materialized: table}
flags: {send_anonymous_usage_stats: false}
""",
    "models/broken_contract.sql": "select 'many' as tasks",
    "models/broken_sql.sql": "select no_such_column from (values (1)) as t (one)",
    "models/repeated.sql": "select * from (values (7), (7), (8)) as t (task_id)",
    "models/sound.sql": "select 1 as one",
    "models/models.yml": """
models:
  - name: broken_contract
    config: {contract: {enforced: true}}
    columns: [{name: tasks, data_type: integer}]
  - name: repeated
    columns: [{name: task_id, data_tests: [unique]}]
""",
}


def test_a_build_names_the_contract_the_test_and_the_sql_that_failed(pipeline: Pipeline) -> None:
    pipeline.crawler(allow("s3:ListBucket", "s3:GetObject", "glue:*", "logs:*"))
    pipeline.job("print('merged')")
    pipeline.client("athena").create_work_group(
        Name=pipeline.name,
        Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{pipeline.name}/athena-results/"}},
    )
    pipeline.project(
        (DBT / "buildspec.yml").read_text(),
        allow("athena:*", "glue:*", "s3:*"),
        files=TINY | {name: (DBT / name).read_text() for name in PRODUCTS},
        variables={
            "GOLD_BUCKET": pipeline.name,
            "ARTIFACTS_BUCKET": pipeline.name,
            "ATHENA_WORKGROUP": pipeline.name,
            "GOLD_SCHEMA": pipeline.name,
            "SILVER_SCHEMA": pipeline.name,
            "ATHENA_POLL_SECONDS": "0.1",
        },
    )

    ended = pipeline.run()

    assert (ended["status"], ended["error"]) == ("FAILED", "BuildGold"), ended.get("cause")
    failures = dict(part.split(": ", 1) for part in ended["cause"].split(" (build ")[0].split("; "))
    assert failures.keys() == {"model broken_contract", "model broken_sql", "test unique_repeated_task_id"}
    assert "tasks" in failures["model broken_contract"]
    assert "contract" in failures["model broken_contract"]
    assert "no_such_column" in failures["model broken_sql"]
    assert "Got 1 result" in failures["test unique_repeated_task_id"]
    message = pipeline.read_message()
    assert (message["State"], message["Error"], message["Reason"]) == ("BuildGold", "DbtModelFailed", ended["cause"])
    assert pipeline.failed_states() == {"BuildGold"}

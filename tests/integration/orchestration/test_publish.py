"""PublishInsights as it is deployed: gold's rows become items, metrics, and the run's own row."""

import dataclasses
import json
import pathlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest

from tests.conftest import Account, until
from tests.integration.conftest import RoleFactory
from tests.integration.conftest import document as policy_document
from tests.integration.orchestration.conftest import allow, bundled

pytestmark = pytest.mark.account

SCHEMA = json.loads(
    (pathlib.Path(__file__).resolve().parents[3] / "orchestration" / "publish" / "insights.schema.json").read_text()
)
ROW = (
    "('{user}', timestamp '2026-11-24 23:00:00.123' + interval '{total}' hour,"
    " {total}, 1, 1, 0, 50.0, 1, 2, 3.49513e0, cast(null as double),"
    """ '[{{"category": "home", "total": {total}, "completed": 1}}]', '[]',"""
    """ '[{{"week": "2026-11-23", "created": {total}, "completed": 1}}]', 'Europe/Berlin')"""
)
COLUMNS = (
    "user_id, as_of, total_tasks, open_tasks, completed_tasks, overdue_tasks, completion_rate_pct, current_streak_days,"
    " longest_streak_days, cycle_time_p50_hours, cycle_time_p90_hours, by_category, by_priority, weekly,"
    " time_zone"
)


@dataclasses.dataclass
class Gold:
    """A gold of a test's own, its table, and the function that publishes the one into the other."""

    account: Account
    name: str

    def client(self, service: str) -> Any:
        return self.account.session.client(service)  # type: ignore[call-overload]

    def query(self, sql: str) -> None:
        """Run a statement to its end."""
        athena = self.client("athena")
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=self.name, QueryExecutionContext={"Database": self.name}
        )["QueryExecutionId"]

        def status() -> dict[str, Any]:
            found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            return found

        until("the query", lambda: status()["State"] not in ("QUEUED", "RUNNING"))
        assert status()["State"] == "SUCCEEDED", status()

    def has(self, **users: int) -> None:
        """Each user, with so many tasks."""
        self.query("drop table if exists user_insights")
        rows = ", ".join(ROW.format(user=user, total=total) for user, total in users.items())
        place = f"s3://{self.name}/tables/{uuid.uuid4().hex}/"
        self.query(
            f"create table user_insights with (external_location = '{place}') as"
            f" select * from (values {rows}) t({COLUMNS})"
        )

    def replace(self, **by_category: str) -> None:
        """Give users another text in `by_category`."""
        cases = " ".join(f"when '{user}' then '{text}'" for user, text in by_category.items())
        place = f"s3://{self.name}/tables/replaced/"
        columns = COLUMNS.replace("by_category", f"case user_id {cases} else by_category end as by_category")
        self.query(f"create table replaced with (external_location = '{place}') as select {columns} from user_insights")
        self.query("drop table user_insights")
        self.query("create view user_insights as select * from replaced")

    def publish(self, run: str = "run-1", **plan: Any) -> dict[str, int]:
        """Invoke the function as the state machine does."""
        event = {
            "plan": {
                "run": run,
                "report": f"s3://{self.name}/glue/runs/{run}/silver.json",
                "full_refresh": False,
                "left_out": [],
                "from": None,
                "to": None,
                "watermark": {
                    "until": "2026-11-24T22:00:00+00:00",
                    "names": ["a1b2c3"],
                    "checked_at": "2026-11-24T22:10:00+00:00",
                    "built_at": "2026-11-24T22:10:00+00:00",
                },
                **plan,
            },
            "started": "2026-11-24T22:10:00.000Z",
            "seconds": {"BuildSilver": 60, "BuildGold": 60},
            "workers": 2,
        }
        answer = self.client("lambda").invoke(FunctionName=self.name, Payload=json.dumps(event))
        payload: dict[str, int] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def items(self) -> dict[str, dict[str, str]]:
        """The table's insights by user."""
        found = self.client("dynamodb").scan(TableName=self.name)["Items"]
        plain = [{name: value.get("S", "") for name, value in item.items()} for item in found]
        return {item["user_id"]: item for item in plain if item["PK"].startswith("INSIGHTS#")}

    def item(self, pk: str, sk: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = (
            self.client("dynamodb").get_item(TableName=self.name, Key={"PK": {"S": pk}, "SK": {"S": sk}}).get("Item")
        )
        return found


@pytest.fixture
def gold(account: Account, unique: str, role: RoleFactory) -> Iterator[Gold]:
    name = f"publish-{unique}"
    made = Gold(account, name)
    made.client("s3").create_bucket(Bucket=name)
    made.client("glue").create_database(DatabaseInput={"Name": name})
    made.client("athena").create_work_group(
        Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{name}/athena-results/"}}
    )
    made.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        BillingMode="PAY_PER_REQUEST",
    )
    made.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="orchestration.publish.handler.handler",
        Role=role(
            "lambda",
            allow("athena:*", "s3:*", "glue:GetTable", "glue:GetDatabase", "glue:GetPartitions"),
            allow("dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:DescribeTable"),
            allow("cloudwatch:PutMetricData", "sns:Publish"),
        ),
        Code={"ZipFile": bundled("todo-publish-insights")},
        Timeout=60,
        Environment={
            "Variables": {
                "TABLE_NAME": name,
                "ARTIFACTS_BUCKET": name,
                "GOLD_BUCKET": name,
                "GOLD_DATABASE": name,
                "ATHENA_WORKGROUP": name,
                "FIGURE_ALERTS_TOPIC": made.client("sns").create_topic(Name=name)["TopicArn"],
                "POWERTOOLS_SERVICE_NAME": "test",
            }
        },
    )
    made.query(
        f"create table business_metrics_kpis with (external_location = 's3://{name}/tables/kpis/') as"
        " select * from (values ('total_users', 2e0), ('completion_rate_pct', 37.5e0)) t(metric, value)"
    )
    yield made
    made.client("lambda").delete_function(FunctionName=name)
    made.client("dynamodb").delete_table(TableName=name)


def test_every_user_gets_the_figures_that_gold_has(gold: Gold) -> None:
    gold.has(ann=2, bob=4)

    assert gold.publish() == {"users": 2, "written": 2, "skipped": 0, "deleted": 0}

    items = gold.items()
    assert set(items) == {"ann", "bob"}
    for item in items.values():
        jsonschema.validate(item, SCHEMA)
        jsonschema.validate(json.loads(item["figures"]), {**SCHEMA["$defs"]["figures"], "$defs": SCHEMA["$defs"]})
    figures = json.loads(items["bob"]["figures"])
    assert figures["as_of"] == items["bob"]["as_of"] == "2026-11-25T03:00:00Z"
    assert (figures["total_tasks"], figures["completion_rate_pct"]) == (4, 50.0)
    assert figures["cycle_time_hours"] == {"p50": 3.5, "p90": None}  # gold has five decimals
    assert figures["by_category"] == [{"category": "home", "total": 4, "completed": 1}]
    assert figures["weekly"] == [{"week": "2026-11-23", "created": 4, "completed": 1}]


def test_a_user_with_more_categories_than_an_item_may_name_is_published_like_everyone_else(gold: Gold) -> None:
    gold.has(ann=2, bob=4)
    many = [{"category": f"category {n:04} " + "x" * 100, "total": 2000 - n, "completed": 1} for n in range(1460)]
    gold.replace(bob=json.dumps(many))

    assert gold.publish() == {"users": 2, "written": 2, "skipped": 0, "deleted": 0}

    figures = json.loads(gold.items()["bob"]["figures"])
    jsonschema.validate(figures, {**SCHEMA["$defs"]["figures"], "$defs": SCHEMA["$defs"]})
    assert figures["by_category"] == many[:100]
    rest = many[100:]
    assert figures["other_categories"] == {
        "categories": len(rest),
        "total": sum(2000 - n for n in range(100, 1460)),
        "completed": len(rest),
    }
    assert set(gold.items()) == {"ann", "bob"}


def test_a_row_that_cannot_be_published_stops_nobody_else(gold: Gold) -> None:
    gold.has(ann=2, bob=3, eve=4)
    gold.replace(bob="[{not json")

    assert gold.publish() == {"users": 2, "written": 2, "skipped": 1, "deleted": 0}

    assert set(gold.items()) == {"ann", "eve"}
    skipped = gold.client("cloudwatch").get_metric_statistics(
        Namespace="TodoInsights",
        MetricName="InsightsRowsSkipped",
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert max(point["Maximum"] for point in skipped) == 1

    # it is tried again until it can be published, and then no more
    assert gold.publish() == {"users": 2, "written": 0, "skipped": 1, "deleted": 0}
    gold.query("drop view user_insights")
    gold.has(ann=2, bob=3, eve=4)
    assert gold.publish() == {"users": 2, "written": 1, "skipped": 0, "deleted": 0}
    assert totals(gold) == {"ann": 2, "bob": 3, "eve": 4}
    assert gold.publish()["written"] == 0


def test_a_skipped_row_that_is_gone_is_not_waited_for(gold: Gold) -> None:
    gold.has(ann=2, bob=3, eve=4)
    gold.replace(bob="[{not json")
    gold.publish()
    gold.query("drop view user_insights")
    gold.has(ann=2, eve=4)
    assert gold.publish()["skipped"] == 0
    stored = gold.client("s3").get_object(Bucket=gold.name, Key="published/progress.json")["Body"].read()
    assert json.loads(stored) == {"as_of": "2026-11-25 03:00:00.123", "user_id": "eve", "skipped": []}


def totals(gold: Gold) -> dict[str, int]:
    return {user: json.loads(item["figures"])["total_tasks"] for user, item in gold.items().items()}


def test_rows_that_were_worked_out_since_the_last_time_are_written(gold: Gold) -> None:
    gold.has(ann=2, bob=4, eve=4)
    assert gold.publish() == {"users": 2, "written": 3, "skipped": 0, "deleted": 0}
    gold.has(ann=2, bob=5, eve=4)

    assert gold.publish() == {"users": 2, "written": 1, "skipped": 0, "deleted": 0}
    assert totals(gold) == {"ann": 2, "bob": 5, "eve": 4}
    assert gold.publish() == {"users": 2, "written": 0, "skipped": 0, "deleted": 0}
    assert gold.publish(full_refresh=True) == {"users": 2, "written": 3, "skipped": 0, "deleted": 0}


def test_publishing_goes_on_after_the_last_page_that_was_written(gold: Gold) -> None:
    gold.has(ann=4, bob=4, eve=5)
    stopped = {"as_of": "2026-11-25 03:00:00.123", "user_id": "ann"}
    gold.client("s3").put_object(Bucket=gold.name, Key="published/progress.json", Body=json.dumps(stopped).encode())

    assert gold.publish()["written"] == 2
    assert totals(gold) == {"bob": 4, "eve": 5}


def test_users_who_are_being_erased_get_none(gold: Gold) -> None:
    gold.has(ann=2, bob=4)
    gold.publish()
    gold.client("dynamodb").put_item(TableName=gold.name, Item={"PK": {"S": "ERASURE"}, "SK": {"S": "bob"}})

    assert gold.publish(full_refresh=True) == {"users": 2, "written": 1, "skipped": 0, "deleted": 1}
    assert set(gold.items()) == {"ann"}


def test_a_run_leaves_its_row_its_metrics_and_how_far_it_had_seen(gold: Gold) -> None:
    gold.has(ann=2)
    report = {"window": {"from": None, "to": "2026-11-24T22:00:00Z"}, "envelopes": 12, "rejects": 1}
    nodes = [
        {"unique_id": "model.p.a", "status": "success", "adapter_response": {"data_scanned_in_bytes": 1000}},
        {"unique_id": "test.p.b.1", "status": "pass", "adapter_response": {"data_scanned_in_bytes": 24}},
    ]
    for key, document in (
        ("glue/runs/run-7/silver.json", report),
        ("dbt/run-7/run_results.json", {"results": nodes}),
    ):
        gold.client("s3").put_object(Bucket=gold.name, Key=key, Body=json.dumps(document).encode())

    gold.publish("run-7")

    stored = gold.client("s3").get_object(Bucket=gold.name, Key="pipeline_runs/dt=2026-11-24/run-7.json")
    row = json.loads(stored["Body"].read())
    assert (row["run_id"], row["started_at"]) == ("run-7", "2026-11-24 22:10:00.000")
    assert (row["window_from"], row["window_to"]) == (None, "2026-11-24 22:00:00.000")
    assert (row["events_read"], row["rejects"], row["users_published"]) == (12, 1, 2)
    assert (row["models_built"], row["tests_passed"], row["bytes_scanned"]) == (1, 1, 1024)
    # a crawl of ten minutes and a job of two minutes, both times in DPUs, and a minute of building
    assert row["cost_estimate_usd"] == pytest.approx(0.44 * (2 / 6 + 2 / 60) + 0.005, abs=1e-5)
    kpis = gold.client("cloudwatch").list_metrics(Namespace="TodoInsights")["Metrics"]
    assert {"TotalUsers", "CompletionRatePct", "TableItems", "TableBytes"} <= {metric["MetricName"] for metric in kpis}
    watermark = gold.item("PIPELINE", "WATERMARK")
    assert watermark is not None
    assert watermark["names"] == {"L": [{"S": "a1b2c3"}]}


def test_a_run_of_a_part_moves_no_watermark(gold: Gold) -> None:
    gold.has(ann=2)
    gold.publish(watermark=None)
    assert gold.item("PIPELINE", "WATERMARK") is None


def test_a_figure_beyond_its_threshold_is_one_message_per_crossing(gold: Gold) -> None:
    sqs, sns, athena = (gold.client(service) for service in ("sqs", "sns", "athena"))
    queue = sqs.create_queue(QueueName=gold.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=gold.name)["TopicArn"]
    hears = allow("sqs:SendMessage", resource=arn) | {"Principal": {"Service": "sns.amazonaws.com"}}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy_document(hears)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def key_figures(overdue: int) -> None:
        """A saved query that answers so many overdue tasks, and a completion rate that crosses nothing."""
        for page in athena.get_paginator("list_named_queries").paginate(WorkGroup=gold.name):
            for one in page["NamedQueryIds"]:
                athena.delete_named_query(NamedQueryId=one)
        rows = f"('overdue_tasks', {overdue}e0), ('completion_rate_pct', 50e0)"
        sql = f"select metric, value from (values {rows}) as figures (metric, value)"
        athena.create_named_query(Name="Key figures", Database=gold.name, QueryString=sql, WorkGroup=gold.name)

    received: list[str] = []

    def has_received(count: int) -> bool:
        for one in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            received.append(one["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return len(received) >= count

    gold.has(ann=2)
    for overdue, crossed in ((10, False), (2000, True), (3000, True), (10, False)):
        key_figures(overdue)
        gold.publish()
        kept = gold.client("s3").get_object(Bucket=gold.name, Key="published/figure_alerts.json")["Body"].read()
        assert json.loads(kept)["overdue-tasks"] == {"crossed": crossed, "figure": overdue}
    until("both messages", lambda: has_received(2))
    assert len(received) == 2
    for text, expected in zip(received, ("is 2000, above 1000", "is 10, no longer above 1000"), strict=True):
        assert expected in text
        assert "insights explain overdue_tasks" in text

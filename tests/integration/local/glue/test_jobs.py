"""Jobs: scripts from S3 run as processes with the arguments, permissions and limits that Glue gives them."""

import io
import json
import textwrap
import zipfile
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.conftest import Account, until
from tests.integration.local.conftest import OwnBucket

pytestmark = pytest.mark.account

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")
REPORT = """
    import json, os, sys
    import boto3

    def report(**facts):
        key = os.environ.get("KEY", "report.json")
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(facts).encode())
"""


class Workshop(OwnBucket):
    """For scripts and reports of jobs."""

    @property
    def glue(self) -> Any:
        return self.account.session.client("glue")

    def put(self, key: str, script: str) -> str:
        """Store a script, which may `report(fact=…)`; returns its location."""
        lines = [f"BUCKET = {self.name!r}", textwrap.dedent(REPORT), textwrap.dedent(script)]
        self.s3.put_object(Bucket=self.name, Key=key, Body="\n".join(lines).encode())
        return f"s3://{self.name}/{key}"

    def job(self, script: str, **given: Any) -> None:
        command = {"Name": "glueetl", "ScriptLocation": self.put("job.py", script), "PythonVersion": "3"}
        self.glue.create_job(Name=self.name, **{"Role": self.role_arn, "Command": command, "Timeout": 5, **given})

    def start(self, **given: Any) -> str:
        return str(self.glue.start_job_run(JobName=self.name, **given)["JobRunId"])

    def describe(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self.glue.get_job_run(JobName=self.name, RunId=run_id)["JobRun"]
        return run

    def ended(self, run_id: str, seconds: float = 60) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            run = self.describe(run_id)
            return run if run["JobRunState"] in ENDED else None

        return until("the run to end", look, seconds)

    def run(self, **given: Any) -> dict[str, Any]:
        return self.ended(self.start(**given))

    def report(self) -> Any:
        return json.loads(self.s3.get_object(Bucket=self.name, Key="report.json")["Body"].read())

    def reported(self) -> bool:
        return bool(self.s3.list_objects_v2(Bucket=self.name, Prefix="report.json").get("Contents"))

    def log(self, run_id: str, kind: str, group: str = "/aws-glue/jobs") -> list[str]:
        logs = self.account.session.client("logs")
        events = logs.get_log_events(logGroupName=f"{group}/{kind}", logStreamName=run_id)["events"]
        return [event["message"] for event in events]


@pytest.fixture
def workshop(account: Account, unique: str, role: Callable[..., str]) -> Workshop:
    name = f"job-{unique}"
    arn = role(
        "glue",
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{name}/*"},
        {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*:/aws-glue/*"},
    )
    made = Workshop(account, name, arn)
    made.s3.create_bucket(Bucket=name)
    return made


def test_a_script_gets_defaults_then_names_then_the_runs_arguments(workshop: Workshop) -> None:
    workshop.job("report(argv=sys.argv[1:])", DefaultArguments={"--bronze": "s3://b/", "--window": "day"})
    run = workshop.run(Arguments={"--window": "two words", "--extra": "1"})
    assert workshop.report()["argv"] == [
        *("--bronze", "s3://b/"),
        *("--window", "two words"),
        *("--JOB_NAME", workshop.name),
        *("--JOB_RUN_ID", run["Id"]),
        *("--extra", "1"),
    ]


def test_a_python_shell_job_gets_arguments_too(workshop: Workshop) -> None:
    location = workshop.put("shell.py", "print('printed'); report(argv=sys.argv[1:])")
    workshop.job("", Command={"Name": "pythonshell", "ScriptLocation": location, "PythonVersion": "3.9"})
    run = workshop.run(Arguments={"--a": "b"})
    assert workshop.report()["argv"] == ["--a", "b"]
    assert workshop.log(run["Id"], "output", "/aws-glue/python-jobs") == ["printed"]


def test_a_script_works_as_the_jobs_role_and_nobody_else(workshop: Workshop) -> None:
    workshop.job(
        """
        me = boto3.client("sts").get_caller_identity()["Arn"]
        try:
            boto3.client("dynamodb").list_tables()
        except Exception as error:
            report(me=me, denied=str(error))
        """
    )
    workshop.run()
    report = workshop.report()
    assert f":assumed-role/{workshop.role_arn.rpartition('/')[2]}/" in report["me"]
    assert "AccessDenied" in report["denied"]


def test_a_script_that_the_role_may_not_read_fails_the_run(workshop: Workshop, role: Callable[..., str]) -> None:
    workshop.job("report(ran=True)", Role=role("glue"))
    run = workshop.run()
    assert (run["JobRunState"], "AccessDenied" in run["ErrorMessage"]) == ("FAILED", True)
    assert not workshop.reported()


def test_extra_python_files_are_importable(workshop: Workshop) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("stage/__init__.py", "")
        archive.writestr("stage/rules.py", "def rule(): return 'from the zip'")
    workshop.s3.put_object(Bucket=workshop.name, Key="libs/stage.zip", Body=package.getvalue())
    workshop.s3.put_object(Bucket=workshop.name, Key="libs/single.py", Body=b"VALUE = 'from the file'")
    files = f"s3://{workshop.name}/libs/stage.zip, s3://{workshop.name}/libs/single.py"
    workshop.job(
        "import single; from stage.rules import rule; report(rule=rule(), value=single.VALUE)",
        DefaultArguments={"--extra-py-files": files},
    )
    workshop.run()
    assert workshop.report() == {"rule": "from the zip", "value": "from the file"}


def test_output_is_in_the_log_while_the_script_still_runs(workshop: Workshop) -> None:
    workshop.job("import time; print('begun', flush=True); print('bad', file=sys.stderr, flush=True); time.sleep(30)")
    run_id = workshop.start()

    def begun() -> bool:
        return bool(workshop.log(run_id, "output")) if workshop.describe(run_id)["JobRunState"] == "RUNNING" else False

    until("the first line", begun)
    assert workshop.log(run_id, "output") == ["begun"]
    assert "bad" in workshop.log(run_id, "error")
    assert workshop.describe(run_id)["JobRunState"] == "RUNNING"
    assert workshop.describe(run_id)["LogGroupName"] == "/aws-glue/jobs"
    workshop.glue.batch_stop_job_run(JobName=workshop.name, JobRunIds=[run_id])


def test_a_job_chooses_the_log_groups_that_its_runs_write_to(workshop: Workshop) -> None:
    chosen = f"/aws-glue/jobs/{workshop.name}"
    workshop.job("print('printed')", DefaultArguments={"--custom-logGroup-prefix": chosen})
    run = workshop.run()
    assert run["LogGroupName"] == chosen
    assert workshop.log(run["Id"], "output", chosen) == ["printed"]


def test_a_failed_run_names_the_exception_without_its_stack(workshop: Workshop) -> None:
    workshop.job(
        """
        def deep():
            raise ValueError("the input has no rows")
        try:
            deep()
        except ValueError as error:
            raise RuntimeError("silver could not be built") from error
        """
    )
    run = workshop.run()
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "RuntimeError: silver could not be built")
    assert "ValueError: the input has no rows" in workshop.log(run["Id"], "error")


def test_stopping_a_run_ends_all_of_its_processes(workshop: Workshop) -> None:
    workshop.job(
        """
        import subprocess, time
        child = subprocess.Popen(["sleep", "300"])
        report(pids=[os.getpid(), child.pid])
        time.sleep(300)
        """
    )
    run_id = workshop.start()
    until("the report", workshop.reported)
    answer = workshop.glue.batch_stop_job_run(JobName=workshop.name, JobRunIds=[run_id, "jr_unknown"])
    assert [one["JobRunId"] for one in answer["SuccessfulSubmissions"]] == [run_id]
    assert [one["ErrorDetail"]["ErrorCode"] for one in answer["Errors"]] == ["EntityNotFoundException"]
    assert workshop.ended(run_id)["JobRunState"] == "STOPPED"
    until("its processes to end", lambda: not any(running(pid) for pid in workshop.report()["pids"]), 30)


def test_a_job_runs_once_at_a_time_unless_it_allows_more(workshop: Workshop) -> None:
    workshop.job("import time; time.sleep(60)")
    first = workshop.start()
    with pytest.raises(workshop.glue.exceptions.ConcurrentRunsExceededException):
        workshop.start()
    update = {"Role": workshop.role_arn, "ExecutionProperty": {"MaxConcurrentRuns": 2}}
    workshop.glue.update_job(JobName=workshop.name, JobUpdate=update)
    second = workshop.start()
    workshop.glue.batch_stop_job_run(JobName=workshop.name, JobRunIds=[first, second])
    assert [workshop.ended(run_id)["JobRunState"] for run_id in (first, second)] == ["STOPPED", "STOPPED"]


def test_the_timeout_is_in_minutes(workshop: Workshop) -> None:
    workshop.job("import time; time.sleep(2); report(done=True)", Timeout=1)
    run = workshop.run()
    assert (run["JobRunState"], workshop.report()) == ("SUCCEEDED", {"done": True})
    assert run["ExecutionTime"] >= 2


@pytest.mark.slow
def test_a_run_that_takes_longer_than_its_timeout_is_killed(workshop: Workshop) -> None:
    workshop.job("import time; report(pid=os.getpid()); time.sleep(300)", Timeout=1)
    run = workshop.ended(workshop.start(), 120)
    assert (run["JobRunState"], run["ErrorMessage"]) == ("TIMEOUT", "Job run timed out")
    assert 60 <= run["ExecutionTime"] < 90
    assert not running(workshop.report()["pid"])


@pytest.mark.slow
def test_spark_writes_iceberg_through_the_glue_catalog_as_the_jobs_role(
    workshop: Workshop, role: Callable[..., str]
) -> None:
    database = workshop.name.replace("-", "_")
    glue = "arn:aws:glue:us-east-1:000000000000:"
    arn = role(
        "glue",
        {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{workshop.name}{end}" for end in ("", "/*")]},
        {
            "Effect": "Allow",
            "Action": ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"],
            "Resource": [f"{glue}catalog", f"{glue}database/{database}", f"{glue}table/{database}/*"],
        },
        {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*:/aws-glue/*"},
    )
    workshop.glue.create_database(DatabaseInput={"Name": database})
    catalog = "spark.sql.catalog.glue_catalog"
    conf = {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.warehouse": f"s3://{workshop.name}/warehouse/",
        f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    }
    workshop.s3.put_object(Bucket=workshop.name, Key="in/a.json", Body=b'{"id": 1, "n": 2}\n{"id": 2, "n": 5}\n')
    workshop.job(
        f"""
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        spark.read.json("s3://{workshop.name}/in/").createOrReplaceTempView("incoming")
        spark.sql("create table glue_catalog.{database}.t (id bigint, n bigint) using iceberg")
        for _ in range(2):
            spark.sql('''merge into glue_catalog.{database}.t t using incoming s on t.id = s.id
                         when matched then update set n = t.n + s.n when not matched then insert *''')
        report(rows=[list(row) for row in spark.sql("select * from glue_catalog.{database}.t order by id").collect()])
        spark.sql("select no_such_column from glue_catalog.{database}.t")
        """,
        Role=arn,
        DefaultArguments={
            "--datalake-formats": "iceberg",
            "--conf": " --conf ".join(f"{name}={value}" for name, value in conf.items()),
        },
    )
    run = workshop.ended(workshop.start(), 240)
    assert workshop.report()["rows"] == [[1, 4], [2, 10]]
    table = workshop.glue.get_table(DatabaseName=database, Name="t")["Table"]
    assert table["Parameters"]["metadata_location"].startswith(f"s3://{workshop.name}/warehouse/")
    assert run["JobRunState"] == "FAILED"
    assert "AnalysisException: [UNRESOLVED_COLUMN" in run["ErrorMessage"]
    assert "\n" not in run["ErrorMessage"]


def running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

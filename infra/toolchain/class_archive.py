"""An archive of the classes that a Spark job loads, which Java maps into memory instead of reading them again.

A job on demo data spends two fifths of its processor time on thousands of classes, which each process unpacks, parses
and verifies anew. Java's class data sharing keeps them in the form in which the virtual machine holds them. Where an
archive does not fit (another Java, other jars), the classes are read as ever.
https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html

`python -m infra.toolchain.class_archive TOOLCHAIN` makes the archive: it lets Spark do what silver's job does, on
tables in a temporary folder, and has Java write what was loaded.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from infra.toolchain.java import MissingJavaError, java_home

QUIET = "-Xlog:disable -Xlog:all=error:stderr"
SETTINGS = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.local": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.local.type": "hadoop",
    "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    "spark.sql.catalog.glue_catalog.warehouse": "s3://nowhere/",
    "spark.hadoop.fs.s3a.attempts.maximum": "1",
    "spark.hadoop.fs.s3a.retry.limit": "0",
}
# nobody listens there: what a client needs for its first request is loaded, the request fails at once
NOWHERE = "http://127.0.0.1:9"
STATEMENTS = tuple(
    """
create table local.db.t (id string, n bigint, at timestamp, day date, labels array<string>) using iceberg
partitioned by (days(at)) tblproperties ('format-version' = '2', 'write.merge.mode' = 'merge-on-read');
insert into local.db.t select id, n, at, cast(at as date), array(id) from source;
merge into local.db.t using (select * from source where n < 3) s on t.id = s.id and t.at >= timestamp '2026-01-01'
when matched and s.n = 1 then delete when matched then update set n = s.n
when not matched then insert (id, n, at) values (s.id, s.n, s.at);
delete from local.db.t where n = 2;
alter table local.db.t add column more string;
select count(*), max(t.n) from local.db.t cross join local.db.t.snapshots;
select id, n, row_number() over (partition by day order by at desc) as place from local.db.t where n is not null
""".strip().split(";\n")
)


def find_options(spark: pathlib.Path) -> list[str]:
    """The options with which Java uses the archive; none while there is no archive.

    Args:
        spark: the toolchain's folder that holds Spark's jars.
    """
    archive = _archive(spark)
    return [f"-XX:SharedArchiveFile={_base(archive)}:{archive}", *QUIET.split()] if archive.exists() else []


def make_in_background(toolchain: pathlib.Path) -> None:
    """Make the archive unless it is there, in a process of its own that nobody waits for.

    Without Java there is none; whoever starts a job hears of that.

    Args:
        toolchain: folder in which Spark is installed.
    """
    try:
        if _archive(toolchain / "spark").exists():
            return
    except MissingJavaError:
        return
    command = [sys.executable, "-m", __name__, str(toolchain.resolve())]
    # the shell ends at once, and what it has started is nobody's child
    subprocess.run(
        ["sh", "-c", 'nice "$@" >/dev/null 2>&1 </dev/null &', "sh", *command],  # noqa: S607 - any POSIX shell will do
        check=True,
        start_new_session=True,
    )


def make(toolchain: pathlib.Path) -> None:
    """Make the archive unless it is there, or another process is about to.

    Args:
        toolchain: folder in which Spark is installed.

    Raises:
        subprocess.CalledProcessError: Java could not write it; a job then reads its classes as ever.
    """
    spark = toolchain / "spark"
    archive = _archive(spark)
    with _alone(spark) as alone:
        if not alone or archive.exists():
            return
        for old in spark.glob("classes-*.jsa"):
            old.unlink()
        with tempfile.TemporaryDirectory(dir=spark) as scratch:
            made = pathlib.Path(scratch) / archive.name
            base = _base(archive)
            java = java_home() / "bin" / "java"
            subprocess.run([java, "-Xshare:dump", f"-XX:SharedArchiveFile={base}"], check=True, capture_output=True)
            _train(toolchain, made, base)
            # the archive of what Java itself has stays where the other one looks for it
            shutil.move(made, archive)


def _archive(spark: pathlib.Path) -> pathlib.Path:
    """Named after what its classes come from."""
    jars = sorted((path.name, path.stat().st_size) for path in (spark / "jars").glob("*.jar"))
    origin = (
        str((spark / "jars").resolve()),
        str(java_home()),
        importlib.metadata.version("pyspark"),
        jars,
        STATEMENTS,
    )
    return spark.resolve() / f"classes-{hashlib.sha256(repr(origin).encode()).hexdigest()[:12]}.jsa"


def _base(archive: pathlib.Path) -> pathlib.Path:
    return archive.with_name(archive.name.replace("classes-", "classes-java-"))


@contextlib.contextmanager
def _alone(folder: pathlib.Path) -> Iterator[bool]:
    """Whether no other process makes an archive there."""
    with (folder / ".archive.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _train(toolchain: pathlib.Path, archive: pathlib.Path, base: pathlib.Path) -> None:
    """Let Spark do what silver's job does, and Java write the archive when it ends."""
    from infra.toolchain import spark

    options = [f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={archive}", *QUIET.split()]
    with tempfile.TemporaryDirectory() as scratch:
        settings = {
            **SETTINGS,
            **spark.account_settings(NOWHERE, "us-east-1"),
            "spark.sql.catalog.local.warehouse": f"{scratch}/warehouse",
        }
        variables = spark.environment(toolchain, pathlib.Path(scratch), settings, options)
        keys = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody", "AWS_REGION": "us-east-1"}
        os.environ.update(variables | keys)
        _run_statements(pathlib.Path(scratch))


def _run_statements(scratch: pathlib.Path) -> None:
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as sf

    session = SparkSession.builder.getOrCreate()
    (scratch / "lines.json").write_text("".join(f'{{"id": "{n}", "n": {n}}}\n' for n in range(20)))
    lines = session.read.text(str(scratch / "lines.json")).withColumn("file", sf.input_file_name())
    parsed = lines.select(sf.from_json("value", "id string, n bigint, more map<string, string>").alias("line"), "file")
    source = parsed.select("line.*", sf.timestamp_seconds(sf.lit(1_780_000_000) + sf.col("line.n")).alias("at"))
    source.cache().createOrReplaceTempView("source")
    for statement in STATEMENTS:
        session.sql(statement).collect()
    for reads in ("select * from glue_catalog.db.t", "select * from text.`s3://nowhere/lines`"):
        with contextlib.suppress(Exception):
            session.sql(reads).collect()
    gateway = session.sparkContext._gateway
    session.stop()
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()  # the JVM ends, and writes, when its standard input does
        gateway.proc.wait(300)


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]))

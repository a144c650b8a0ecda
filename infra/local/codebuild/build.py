"""One build: source, phases, outcome. `record` is what BatchGetBuilds shows of it."""

import contextlib
import io
import os
import pathlib
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.exceptions

from infra.local.account import credentials
from infra.local.account.log_stream import LogStream
from infra.local.account.processes import Child
from infra.local.codebuild import buildspec, sandbox

SECONDS_PER_MINUTE = 60
PLAIN = "PLAINTEXT"


class PhaseError(Exception):
    """A phase ended otherwise than well.

    Args:
        status: phase and build status: FAILED, TIMED_OUT or STOPPED.
        code: what CodeBuild calls the reason, such as COMMAND_EXECUTION_ERROR.
        message: the reason.
    """

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Build:
    """A started build.

    Args:
        record: of the build, with its project's settings and its own overrides.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self._deadline = time.monotonic() + SECONDS_PER_MINUTE * int(record["timeoutInMinutes"])
        self._stopped = threading.Event()
        self._child: Child | None = None
        self._log: LogStream | None = None

    def stop(self) -> None:
        """End the build; it is STOPPED when its processes are gone."""
        self._stopped.set()
        if self._child:
            self._child.stop()

    def run(self) -> None:
        """Run the build; the record has the outcome."""
        work = pathlib.Path(tempfile.mkdtemp(prefix="build-", dir=credentials.settings().temporary))
        status = "SUCCEEDED"
        try:
            self._run(work)
        except PhaseError as failure:
            status = failure.status
        except Exception as error:  # a fault of this account, not of what is built
            status = "FAULT"
            self._say(f"[Container] {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if self._log:
            self._log.flush()
        self.record["phases"].append({"phaseType": "COMPLETED", "startTime": time.time()})
        self.record.update(endTime=time.time(), currentPhase="COMPLETED", buildComplete=True, buildStatus=status)

    def _run(self, work: pathlib.Path) -> None:
        source, memory = work / "src", work / "memory"
        for folder in (source, memory):
            folder.mkdir()
        with self._phase("PROVISIONING"):
            self._session = credentials.role_session(self.record["serviceRole"], "AWSCodeBuild")
            self._open_log()
            variables = sandbox.create(work / "environment")
        with self._phase("DOWNLOAD_SOURCE"):
            self._download(source)
            spec = self._buildspec(source)
            environment = self._environment(spec, source, work, variables)
        failure: PhaseError | None = None
        for name in buildspec.PHASES:
            environment["CODEBUILD_BUILD_SUCCEEDING"] = "0" if failure else "1"
            try:
                self._run_phase(name, spec, environment, source, memory)
            except PhaseError as raised:
                failure = failure or raised
                if name != "build" or raised.status != "FAILED":  # after a failed build there is still post_build
                    break
        left = buildspec.environment(memory)
        self.record["exportedEnvironmentVariables"] = [
            {"name": name, "value": left.get(name, "")} for name in spec.exported
        ]
        if not self._stopped.is_set():
            with self._phase("FINALIZING"):
                pass
        if failure:
            raise failure

    def _run_phase(
        self,
        name: str,
        spec: buildspec.Buildspec,
        environment: Mapping[str, str],
        source: pathlib.Path,
        memory: pathlib.Path,
    ) -> None:
        if name not in spec.commands and name not in spec.finally_commands:
            return
        with self._phase(name.upper()):
            try:
                self._run_commands(spec.commands.get(name, []), environment, source, memory)
            finally:
                self._run_commands(spec.finally_commands.get(name, []), environment, source, memory)

    def _run_commands(
        self, commands: list[str], environment: Mapping[str, str], source: pathlib.Path, memory: pathlib.Path
    ) -> None:
        if not commands or self._stopped.is_set():
            return
        script = memory / "phase.sh"
        script.write_text(buildspec.script(commands, memory))
        self._child = Child(["bash", str(script)], environment, source, self._say)
        if self._stopped.is_set():
            self._child.stop()
        status = self._child.wait(max(0.0, self._deadline - time.monotonic()), self._flush)
        self._child = None
        if self._stopped.is_set():
            return
        if status is None:
            raise PhaseError("TIMED_OUT", "BUILD_TIMED_OUT", f"Build has timed out after {self._minutes} minutes.")
        if status:
            number = int((memory / "command").read_text()) if (memory / "command").exists() else 0
            reason = f"Error while executing command: {commands[number]}. Reason: exit status {status}"
            raise PhaseError("FAILED", "COMMAND_EXECUTION_ERROR", reason)

    @property
    def _minutes(self) -> int:
        return int(self.record["timeoutInMinutes"])

    @contextlib.contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        phase: dict[str, Any] = {"phaseType": name, "startTime": time.time()}
        self.record["phases"].append(phase)
        self.record["currentPhase"] = name
        self._say(f"[Container] Entering phase {name}")
        status, contexts = "SUCCEEDED", [{"statusCode": "", "message": ""}]
        try:
            yield
            if self._stopped.is_set():
                raise PhaseError("STOPPED", "", "")
        except PhaseError as failure:
            status, contexts = failure.status, [{"statusCode": failure.code, "message": failure.message}]
            raise
        except Exception as error:
            status, contexts = "FAULT", [{"statusCode": "FAULT", "message": str(error)}]
            raise
        finally:
            end = time.time()
            phase.update(endTime=end, durationInSeconds=round(end - phase["startTime"]))
            phase.update(phaseStatus=status, contexts=contexts)
            self._say(f"[Container] Phase complete: {name} State: {status}")
            for context in contexts:
                if context["message"]:
                    self._say(f"[Container] {context['statusCode']}: {context['message']}")

    def _open_log(self) -> None:
        logs = self.record["logs"]
        try:
            self._log = LogStream(self._session, logs["groupName"], logs["streamName"])
        except botocore.exceptions.ClientError as error:
            reason = (
                f"Service role {self.record['serviceRole']} does not allow AWS CodeBuild to create Amazon CloudWatch "
                f"Logs log streams for build {self.record['arn']}. Error message: {error}"
            )
            raise PhaseError("FAILED", "ACCESS_DENIED", reason) from error

    def _say(self, line: str) -> None:
        if self._log:
            self._log.write(line)

    def _flush(self) -> None:
        if self._log:
            self._log.flush_now_and_then()

    def _download(self, source: pathlib.Path) -> None:
        given = self.record["source"]
        if given.get("type") == "NO_SOURCE":
            return
        if given.get("type") != "S3":
            raise PhaseError("FAILED", "CLIENT_ERROR", f"source type {given.get('type')} is not available here")
        bucket, _, key = given["location"].removeprefix("arn:aws:s3:::").partition("/")
        try:
            body = self._session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            _unpack(body, source)
        except (botocore.exceptions.ClientError, zipfile.BadZipFile) as error:
            message = f"failed to download s3://{bucket}/{key}: {error}"
            raise PhaseError("FAILED", "CLIENT_ERROR", message) from error

    def _buildspec(self, source: pathlib.Path) -> buildspec.Buildspec:
        try:
            return buildspec.load(self.record["source"].get("buildspec") or "", source)
        except buildspec.BuildspecError as error:
            raise PhaseError("FAILED", "YAML_FILE_ERROR", f"YAML_FILE_ERROR: {error}") from error

    def _environment(
        self, spec: buildspec.Buildspec, source: pathlib.Path, work: pathlib.Path, variables: Mapping[str, str]
    ) -> dict[str, str]:
        """The build's variables; the project's and the build's own win over the buildspec's."""
        declared = self.record["environment"].get("environmentVariables") or []
        if fetched := [item["name"] for item in declared if item.get("type", PLAIN) != PLAIN]:
            message = f"the local account has plain variables only, not {', '.join(fetched)}"
            raise PhaseError("FAILED", "CLIENT_ERROR", message)
        environment = credentials.clean_environment(
            **credentials.role_environment(self.record["serviceRole"], "AWSCodeBuild"),
            **variables,
            CI="true",
            HOME=str(work),
            CODEBUILD_SRC_DIR=str(source),
            CODEBUILD_BUILD_ID=self.record["id"],
            CODEBUILD_BUILD_ARN=self.record["arn"],
            CODEBUILD_BUILD_NUMBER=str(self.record["buildNumber"]),
            CODEBUILD_INITIATOR=self.record["initiator"],
            CODEBUILD_START_TIME=str(int(self.record["startTime"] * 1000)),
        )
        environment["PATH"] = sandbox.path(work / "environment", environment.get("PATH", os.defpath))
        return {**environment, **spec.variables, **{item["name"]: str(item["value"]) for item in declared}}


def _unpack(body: bytes, folder: pathlib.Path) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for member in archive.infolist():
            target = pathlib.Path(archive.extract(member, folder))
            if mode := member.external_attr >> 16 & 0o777:  # zipfile forgets it, and sources hold scripts to run
                target.chmod(mode)

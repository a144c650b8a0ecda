"""StartBuild and StopBuild, and what becomes of builds that the account's stop ended."""

import copy
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import codebuild

from infra.local.account.hooks import after_restoring, hook, in_background, replace
from infra.local.codebuild.build import Build

ENDED_WITH_ACCOUNT = "The build ended with the account that ran it."

_running: dict[str, Build] = {}


def _overridden(project: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The project as one build sees it."""
    changed = copy.deepcopy(project)
    for name, member in (
        ("buildspecOverride", "buildspec"),
        ("sourceTypeOverride", "type"),
        ("sourceLocationOverride", "location"),
    ):
        if name in request:
            changed["source"][member] = request[name]
    for name, member in (("serviceRoleOverride", "serviceRole"), ("timeoutInMinutesOverride", "timeoutInMinutes")):
        if name in request:
            changed[member] = request[name]
    variables = {item["name"]: item for item in changed["environment"].get("environmentVariables") or []}
    variables.update({item["name"]: item for item in request.get("environmentVariablesOverride") or []})
    changed["environment"]["environmentVariables"] = list(variables.values())
    return changed


def _log_place(project: dict[str, Any], build_id: str) -> dict[str, str]:
    """Log group and stream of a build: the project's own, or AWS's defaults."""
    given = (project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    number = build_id.partition(":")[2]
    stream = f"{given['streamName']}/{number}" if given.get("streamName") else number
    return {"groupName": given.get("groupName") or f"/aws/codebuild/{project['name']}", "streamName": stream}


def _start_build(request: dict[str, Any]) -> Any:
    name = request.get("projectName", "")
    if name not in codebuild._projects:
        return error_response_json("ResourceNotFoundException", f"Project cannot be found: {name}", 400)
    project = _overridden(codebuild._projects[name], request)
    build_id, now = codebuild._build_id(name), time.time()
    record = codebuild._make_build_record(project, build_id, request.get("sourceVersion"))
    record.pop("endTime")
    record.update(
        startTime=now,
        currentPhase="QUEUED",
        buildStatus="IN_PROGRESS",
        buildComplete=False,
        serviceRole=project["serviceRole"],
        phases=[
            {"phaseType": phase, "phaseStatus": "SUCCEEDED", "startTime": now, "endTime": now, "durationInSeconds": 0}
            for phase in ("SUBMITTED", "QUEUED")
        ],
        logs=_log_place(project, build_id),
    )
    codebuild._builds[build_id] = record
    build = _running[build_id] = Build(record)
    in_background(_run, build)
    return json_response({"build": copy.deepcopy(record)})


def _run(build: Build) -> None:
    build.run()
    _running.pop(build.record["id"], None)


def _stop_build(request: dict[str, Any]) -> Any:
    build_id = request.get("id", "")
    record = codebuild._builds.get(build_id)
    if record is None:
        return error_response_json("ResourceNotFoundException", f"Build cannot be found: {build_id}", 400)
    if build := _running.get(build_id):
        build.stop()
    return json_response({"build": copy.deepcopy(record)})


def _end_lost_builds() -> None:
    for record in codebuild._builds.values():
        if not record.get("buildComplete", True):
            now = time.time()
            for phase in record["phases"]:
                if "phaseStatus" not in phase:
                    phase.update(phaseStatus="FAULT", contexts=[{"statusCode": "FAULT", "message": ENDED_WITH_ACCOUNT}])
                    phase.update(endTime=now, durationInSeconds=round(now - phase["startTime"]))
            record.update(buildStatus="FAULT", buildComplete=True, currentPhase="COMPLETED", endTime=now)


def apply() -> None:
    """Put the builds in place."""
    after_restoring(codebuild, codebuild._builds, _end_lost_builds)
    hook(codebuild, "_build_id", "project_name")
    hook(codebuild, "_make_build_record", "project build_id source_version")
    replace(codebuild, "_start_build", "data", _start_build)
    replace(codebuild, "_stop_build", "data", _stop_build)

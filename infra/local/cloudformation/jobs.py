"""AWS::Glue::Job and AWS::CodeBuild::Project: the members of each that the emulator leaves out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-job.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from typing import Any

from ministack.services import codebuild, glue

from infra.local.account.hooks import replace
from infra.local.cloudformation.handlers import Properties, after_change, lower_first

GLUE_JOB_MEMBERS = (
    "ExecutionClass",
    "ExecutionProperty",
    "JobMode",
    "JobRunQueuingEnabled",
    "LogUri",
    "MaintenanceWindow",
    "NotificationProperty",
)
# template property -> member of the project
CODEBUILD_MEMBERS = {
    "Cache": "cache",
    "ConcurrentBuildLimit": "concurrentBuildLimit",
    "LogsConfig": "logsConfig",
    "QueuedTimeoutInMinutes": "queuedTimeoutInMinutes",
    "SecondarySources": "secondarySources",
    "VpcConfig": "vpcConfig",
}


def _complete_job(name: str, old: Properties, new: Properties) -> None:
    job = glue._jobs[name]
    for member in GLUE_JOB_MEMBERS:
        if member in new:
            job[member] = new[member]
        elif member in old:
            job.pop(member, None)


def _complete_project(name: str, old: Properties, new: Properties) -> None:
    project = codebuild._projects[name]
    for property_name, member in CODEBUILD_MEMBERS.items():
        if property_name in new:
            project[member] = lower_first(new[property_name])
        elif property_name in old:
            project.pop(member, None)
    for member in ("source", "artifacts", "environment"):  # the emulator's update spells them as the template does
        project[member] = lower_first(project[member])
    if "buildSpec" in project["source"]:
        project["source"]["buildspec"] = project["source"].pop("buildSpec")


def apply() -> None:
    """Put the completion in place."""

    def project_shape(project: dict[str, Any]) -> dict[str, Any]:
        shape: dict[str, Any] = original(project)
        return {**shape, **{member: project[member] for member in CODEBUILD_MEMBERS.values() if member in project}}

    original = replace(codebuild, "_project_shape", "project", project_shape)
    after_change("AWS::Glue::Job", _complete_job)
    after_change("AWS::CodeBuild::Project", _complete_project)

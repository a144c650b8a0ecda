"""CreateChangeSet with the deployment mode REVERT_DRIFT: what was deleted outside of the stack is created again.

AWS: such a change set compares the template with what is really there, and brings it back in line
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html). The CDK command line asks
for it with `--revert-drift`.

MiniStack 1.5.33 ignores the mode: it compares the template with the one before, and finds no changes. Here the stack
forgets what is gone before the two are compared, so that it is created again. Properties that were changed by hand stay
as they are.
"""

import json
from typing import Any

from ministack.services.cloudformation import changesets, drift, handlers, stacks

from infra.local.account.hooks import HookChangedError, hook, replace

# what a service deletes together with the thing that it belongs to, and of which the emulator keeps no record
POLICIES = ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::Lambda::Permission")
Answer = tuple[int, dict[str, str], Any]


def find_deleted(resources: dict[str, Any]) -> set[str]:
    """The logical ids of a stack's resources that are gone, and of the policies that went with them.

    Args:
        resources: of the stack, by logical id.
    """
    gone = {name for name, one in resources.items() if _is_gone(one)}
    deleted = [str(resources[name]["PhysicalResourceId"]) for name in gone]
    for name, one in resources.items():
        if one["ResourceType"] in POLICIES and any(id_ in json.dumps(one, default=str) for id_ in deleted):
            gone.add(name)
    return gone


def _is_gone(resource: dict[str, Any]) -> bool:
    reader, _ = drift._DRIFT_READERS.get(resource["ResourceType"], (None, frozenset()))
    return bool(reader) and reader(resource["PhysicalResourceId"], resource.get("Properties", {})) is None


def _create_change_set(params: dict[str, Any]) -> Answer:
    if changesets._p(params, "DeploymentMode") == "REVERT_DRIFT":
        stack = handlers._resolve_stack(changesets._p(params, "StackName"))
        if stack:
            with stacks._stack_region_context(stack, stack["StackId"]):
                _drop(stack, find_deleted(stack.get("_resources", {})))
    answer: Answer = original(params)
    return answer


def _drop(stack: dict[str, Any], gone: set[str]) -> None:
    for name in gone:
        stack["_resources"].pop(name)
    if gone:
        defined = stack["_template"].get("Resources", {})
        kept = {name: one for name, one in defined.items() if name not in gone}
        stack["_template"] = {**stack["_template"], "Resources": kept}


original: Any = None


def apply() -> None:
    """Put the completion in place."""
    global original
    hook(handlers, "_resolve_stack", "stack_name")
    hook(drift, "_read_sns_topic", "physical_id props")
    original = replace(handlers, "_create_change_set", "params", _create_change_set)
    if handlers._ACTION_HANDLERS.get("CreateChangeSet") is not original:
        raise HookChangedError("CreateChangeSet is served otherwise: its completion needs another hook")
    handlers._ACTION_HANDLERS["CreateChangeSet"] = _create_change_set

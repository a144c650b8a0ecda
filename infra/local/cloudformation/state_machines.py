"""AWS::StepFunctions::StateMachine: its definition is checked, and its logging can be read back.

The emulator stores any definition that a template carries, although its CreateStateMachine refuses what does not parse,
and stores LoggingConfiguration under the template's names, which DescribeStateMachine does not answer.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

import json
from typing import Any

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import hook, replace
from infra.local.cloudformation.handlers import Created, Properties, RefusedError, handlers_of, lower_first


def _complete(properties: Properties) -> Properties:
    logging = properties.get("LoggingConfiguration")
    return {**properties, "LoggingConfiguration": lower_first(logging)} if logging else properties


def apply() -> None:
    """Put the completion in place."""

    def definition_of(props: Properties) -> str:
        definition: str = original(props)
        try:
            json.loads(definition)
        except ValueError as error:
            raise RefusedError(f"Invalid State Machine Definition: INVALID_JSON_DESCRIPTION: {error}") from None
        refusal = stepfunctions._validate_definition_jsonata(definition)
        if refusal:
            raise RefusedError(f"Invalid State Machine Definition: {refusal}")
        return definition

    hook(stepfunctions, "_validate_definition_jsonata", "definition_str")
    original = replace(provisioners, "_sfn_definition", "props", definition_of)
    handlers = handlers_of("AWS::StepFunctions::StateMachine")
    original_create, original_update = handlers["create"], handlers["update"]

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        created: Created = original_create(logical_id, _complete(properties), stack)
        return created

    def update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Created:
        updated: Created = original_update(physical_id, _complete(old), _complete(new), *rest)
        return updated

    handlers.update(create=create, update=update)

"""The CDK app: six stacks, the same for AWS and for the local account.

Context values `target` (`local` or `aws`) and `environment` (`dev`, `staging` or `prod`; `local` is the local account's
own) choose what is synthesized; `infra.environments` lists the others.
"""

import sys
from collections.abc import Callable, Mapping, Sequence

import aws_cdk

from infra.environments import CONTEXT, EXAMPLE, Environment, SettingsError, from_context
from infra.resource_names import (
    API_STACK,
    DATA_STACK,
    INGESTION_STACK,
    MONITORING_STACK,
    ORCHESTRATION_STACK,
    TRANSFORMS_STACK,
)
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.ingestion import IngestionStack
from infra.stacks.monitoring import MonitoringStack
from infra.stacks.orchestration import OrchestrationStack
from infra.stacks.transforms import TransformsStack

PROJECT = "todo-api-with-insights"
# the one thing that crosses stacks as a reference is the table's stream: it must not change under its reader
FEATURES = {"@aws-cdk/core:defaultCrossStackReferences": "strong"}


def add_stacks(app: aws_cdk.App, environment: Environment) -> None:
    """Put the six stacks into `app`, with the settings of `environment`.

    Stacks find each other's resources by their fixed names; the order below is what must exist when the next is made.
    """
    data = DataStack(app, DATA_STACK, environment=environment)
    api = ApiStack(app, API_STACK, environment=environment)
    api.add_stack_dependency(data)
    ingestion = IngestionStack(app, INGESTION_STACK, table=data.table, environment=environment)
    ingestion.add_stack_dependency(data)
    # it subscribes to the api function's log group
    ingestion.add_stack_dependency(api)
    transforms = TransformsStack(app, TRANSFORMS_STACK, environment=environment)
    transforms.add_stack_dependency(data)
    OrchestrationStack(app, ORCHESTRATION_STACK, environment=environment).add_stack_dependency(transforms)
    MonitoringStack(app, MONITORING_STACK, environment=environment, api_stack=api)
    tags = {
        "Project": PROJECT,
        "Owner": environment.owner,
        "Environment": environment.name,
        "CostCenter": environment.cost_center,
    }
    for tag, value in tags.items():
        aws_cdk.Tags.of(app).add(tag, value)


def synthesize(
    context: Mapping[str, object],
    output: str | None = None,
    prepare: Callable[[aws_cdk.App], None] = lambda app: None,  # noqa: ARG005
) -> None:
    """Write the templates that `context` describes.

    Args:
        context: CDK context values, as `infra.environments` lists them; those in CDK_CONTEXT_JSON are added.
        output: the folder; without it the one that CDK_OUTDIR names.
        prepare: called with the app before it is synthesized.

    Raises:
        SettingsError: the context names no target or environment, or a setting is not allowed.
    """
    app = aws_cdk.App(
        outdir=output,
        context={**FEATURES, **context},
        analytics_reporting=False,
        tree_metadata=False,
        # a third of the time that synthesis takes, for traces that only name jsii's own frames
        stack_traces=False,
        # cfn-lint checks the same templates more thoroughly, in the tests
        builtin_cloud_formation_validation=False,
    )
    values = {key: app.node.try_get_context(key) for key in ("target", "environment", *CONTEXT)}
    add_stacks(app, from_context(values))
    prepare(app)
    app.synth()


def main(arguments: Sequence[str]) -> None:
    """Synthesize one environment as the CDK command line asks for it, or every one below a folder.

    Args:
        arguments: none, or `--examples` and a folder, which gets one folder for each environment.

    Raises:
        SystemExit: the context names no target or environment, or a setting is not allowed.
    """
    try:
        if not arguments:
            synthesize({})
            return
        _, folder = arguments
        for name, values in EXAMPLE.items():
            target = "local" if name == "local" else "aws"
            synthesize({**values, "environment": name, "target": target}, f"{folder}/{name}")
    except SettingsError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(sys.argv[1:])

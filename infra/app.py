"""The CDK app: six stacks, the same for AWS and for the local account.

Context value `target` (`local` or `aws`) is required. It picks the machine that the functions' dependencies are built
for and nothing else. The optional `owner`, `environment` and `cost-center` fill the tags.
"""

import aws_cdk

from infra.bundling import TARGETS, Target
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.ingestion import IngestionStack
from infra.stacks.monitoring import MonitoringStack
from infra.stacks.orchestration import OrchestrationStack
from infra.stacks.transforms import TransformsStack

PROJECT = "todo-api-with-insights"
# tag -> the context value that fills it, and what it is otherwise
TAGS = {
    "Owner": ("owner", "todo-team"),
    "Environment": ("environment", "development"),
    "CostCenter": ("cost-center", "todo"),
}
# the one thing that crosses stacks as a reference is the table's stream: it must not change under its reader
FEATURES = {"@aws-cdk/core:defaultCrossStackReferences": "strong"}


def add_stacks(app: aws_cdk.App, target: Target) -> None:
    """Put the six stacks into `app`, with functions built for `target`.

    Stacks find each other's resources by their fixed names; the order below is what must exist when the next is made.
    """
    data = DataStack(app, "TodoDataStack")
    api = ApiStack(app, "TodoApiStack", target=target)
    api.add_stack_dependency(data)
    ingestion = IngestionStack(app, "TodoIngestionStack", table=data.table, target=target)
    ingestion.add_stack_dependency(data)
    # it subscribes to the api function's log group
    ingestion.add_stack_dependency(api)
    transforms = TransformsStack(app, "TodoTransformsStack")
    transforms.add_stack_dependency(data)
    OrchestrationStack(app, "TodoOrchestrationStack", target=target).add_stack_dependency(transforms)
    MonitoringStack(app, "TodoMonitoringStack")
    aws_cdk.Tags.of(app).add("Project", PROJECT)
    for tag, (key, otherwise) in TAGS.items():
        aws_cdk.Tags.of(app).add(tag, app.node.try_get_context(key) or otherwise)


def main() -> None:
    """Synthesize into the folder that the CDK command line, or `infra.deploy`, names in CDK_OUTDIR.

    Raises:
        SystemExit: the context has no `target`, or an unknown one.
    """
    app = aws_cdk.App(
        context=FEATURES,
        analytics_reporting=False,
        tree_metadata=False,
        # a third of the time that synthesis takes, for traces that only name jsii's own frames
        stack_traces=False,
        # cfn-lint checks the same templates more thoroughly, in the tests
        builtin_cloud_formation_validation=False,
    )
    target = app.node.try_get_context("target")
    if target not in TARGETS:
        given = f"not {target!r}" if target else "and none was given"
        raise SystemExit(f"say where the functions will run: -c target={'|'.join(TARGETS)}, {given}")
    add_stacks(app, target)
    app.synth()


if __name__ == "__main__":
    main()

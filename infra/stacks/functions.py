"""A Lambda function the way every stack here makes one: bundled, with its own log group and an exact role."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import bundling
from infra.environments import Environment
from infra.stacks import names, roles
from infra.stacks.log_groups import log_group

RUNTIMES = {"3.11": lambda_.Runtime.PYTHON_3_11, "3.12": lambda_.Runtime.PYTHON_3_12}


def function(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    handler: str,
    description: str,
    timeout: Duration,
    memory: int,
    environment: Environment,
    variables: Mapping[str, str],
    statements: list[iam.PolicyStatement],
    snap_start: bool = False,
) -> lambda_.Function:
    """A Python function on Graviton.

    Args:
        scope: the stack.
        construct_id: the construct's id; role and log group derive theirs from it.
        name: the function's name and its key in `bundling.BUNDLES`.
        handler: dotted path of the handler in the bundle.
        description: shown in the console.
        timeout: for one invocation.
        memory: MiB; CPU grows with it.
        environment: decides which bundle is uploaded, how long logs are kept, and whether traces are sent.
        variables: environment variables; Powertools' service name and namespace are added.
        statements: what the function may do besides writing its own log.
        snap_start: whether published versions start from a snapshot; whoever invokes has to use `live`.
    """
    role = roles.role(
        scope,
        f"{construct_id}Role",
        "lambda.amazonaws.com",
        roles.write_logs(scope, f"/aws/lambda/{name}"),
        *([roles.write_traces()] if environment.tracing else []),
        *statements,
    )
    return lambda_.Function(
        scope,
        construct_id,
        function_name=name,
        description=description,
        runtime=RUNTIMES[bundling.BUNDLES[name].python],
        architecture=lambda_.Architecture.ARM_64,
        code=lambda_.Code.from_asset(str(bundling.build(name, environment.target))),
        handler=handler,
        timeout=timeout,
        memory_size=memory,
        role=role,
        snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
        log_group=log_group(scope, f"{construct_id}Logs", f"/aws/lambda/{name}", environment),
        tracing=lambda_.Tracing.ACTIVE if environment.tracing else lambda_.Tracing.DISABLED,
        environment={
            **variables,
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": names.NAMESPACE,
        },
    )


def live(function: lambda_.Function) -> lambda_.Alias:
    """The alias of the newest published version: SnapStart works for published versions, not for $LATEST."""
    return lambda_.Alias(function, "Live", alias_name="live", version=function.current_version)

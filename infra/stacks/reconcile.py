"""Table against silver, what changed by night and all of it by week, in a build: comparing may take hours."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_s3_assets as s3_assets

from infra import bundling
from infra.environments import Environment
from infra.stacks import names, roles
from infra.stacks.log_groups import log_group

BUILDSPEC = {
    "version": "0.2",
    "phases": {
        "install": {
            "runtime-versions": {"python": "3.11"},
            "commands": [
                f"python3 -c 'import pyiceberg' || pip install --quiet --require-hashes -r {bundling.RECONCILE_LOCK}",
            ],
        },
        "build": {"commands": ["python3 -m transforms.reconcile.measure"]},
    },
}


def project(stack: Stack, environment: Environment) -> None:
    """CodeBuild project `todo-reconcile`."""
    source = s3_assets.Asset(stack, "ReconcileSource", path=str(bundling.reconcile_source()))
    group = f"/aws/codebuild/{names.RECONCILE_PROJECT}"
    role = roles.role(
        stack,
        "ReconcileRole",
        "codebuild.amazonaws.com",
        roles.allow(
            ["s3:GetObject"],
            [source.bucket.arn_for_objects(source.s3_object_key), names.bucket_arn("silver", "*")],
        ),
        roles.allow(roles.READ_SOURCE_VERSION, [source.bucket.arn_for_objects(source.s3_object_key)]),
        roles.allow(["s3:GetBucketLocation"], [source.bucket.bucket_arn]),
        roles.allow(
            ["dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem"],
            [names.arn(stack, "dynamodb", "table", names.TABLE)],
        ),
        roles.allow(["glue:GetTable"], names.catalog_arns(stack, names.SILVER_DATABASE)),
        # takes no resource; the namespace is what narrows it
        roles.allow(["cloudwatch:PutMetricData"], ["*"], StringEquals={"cloudwatch:namespace": names.NAMESPACE}),
        roles.write_logs(stack, group),
        source=names.arn(stack, "codebuild", "project", names.RECONCILE_PROJECT),
    )
    codebuild.Project(
        stack,
        "Reconcile",
        project_name=names.RECONCILE_PROJECT,
        description="Compares the table with silver",
        role=role,
        source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
        build_spec=codebuild.BuildSpec.from_object(BUILDSPEC),
        environment=codebuild.BuildEnvironment(
            build_image=codebuild.LinuxBuildImage.from_code_build_image_id(
                "aws/codebuild/amazonlinux-x86_64-standard:5.0"
            ),
            compute_type=codebuild.ComputeType.SMALL,
        ),
        timeout=Duration.hours(8),
        concurrent_build_limit=1,
        logging=codebuild.LoggingOptions(
            cloud_watch=codebuild.CloudWatchLoggingOptions(
                log_group=log_group(stack, "ReconcileLogs", group, environment)
            )
        ),
    )

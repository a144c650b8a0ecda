"""AWS CodeBuild: the buildspec's commands really run.

AWS: a build downloads its source, runs the buildspec's phases in one shell with the service role's credentials, and
ends SUCCEEDED, FAILED, TIMED_OUT or STOPPED; each phase is recorded, a failed one with the reason. See
https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html.

MiniStack 1.5.33: a build is a record that says SUCCEEDED; with Docker it can hand an inline buildspec to an image, but
fetches no source.

Hooks: `_start_build`, `_stop_build`, `load_persisted_state`; `_make_build_record` and `_build_id` are used as they are.

Left out: sources other than a zip in S3, artifacts, caches, reports, batch builds, `runtime-versions` (the tools are
those of this checkout), `on-failure`, `run-as`, variables from Parameter Store and Secrets Manager (such a build
fails). What a phase leaves running in the background ends with the phase.
"""


def apply() -> None:
    """Put the completion in place."""
    from infra.local.codebuild import builds

    builds.apply()

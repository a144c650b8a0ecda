"""AWS Glue: crawlers that crawl, jobs that run, a catalog that query engines can work with.

AWS: a crawler lists its S3 targets, infers their schema and keeps a table with its partitions up to date. A job runs a
script from S3 with `--NAME value` arguments, the job role's credentials and a timeout in minutes. The catalog filters
partitions by expression and keeps old versions of tables.

MiniStack 1.5.33: a crawler waits five seconds and says SUCCEEDED. A `glueetl` job says SUCCEEDED without running; a
`pythonshell` job gets its arguments as environment variables and its timeout in seconds. GetPartitions ignores
Expression; table versions and batch deletion of partitions do not exist.

Hooks: see `crawler`, `jobs` and `catalog`.
"""


def apply() -> None:
    """Put the completion in place."""
    from infra.local.glue import catalog, crawler, jobs

    for part in (catalog, crawler, jobs):
        part.apply()

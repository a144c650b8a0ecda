"""The kinds of fault that `insights why` knows, by the text that shows each.

A rule that is more particular comes before one that would match the same text.
"""

import dataclasses

REDRIVE = "insights pipeline redrive {execution} --wait"
LOGS = "insights pipeline logs {execution}"
DEPLOY = "insights deploy"
START = "insights pipeline start --wait"
FULL_REFRESH = "insights pipeline start --full-refresh --wait"
_FILE = r"(?P<file>s3a?://[^\s:,'\"]*?/todo_silver\.db/(?P<table>[a-z_]+?)(?:-\d\w*)?/[^\s,'\")]+)"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One kind of fault.

    Args:
        fault: a word for it.
        pattern: of the text that tells it; its named groups may stand in `cause` and `command`.
        cause: one sentence.
        command: what to type next.
        states: the states that it can be the fault of; empty: all.
    """

    fault: str
    pattern: str
    cause: str
    command: str
    states: tuple[str, ...] = ()


SILVER, GOLD, PUBLISH = ("BuildSilver",), ("BuildGold",), ("PublishInsights",)
RULES = (
    Rule(
        "invalid-input",
        r"InvalidInput: (?P<what>.+)",
        "The execution's input is not one that the pipeline takes: {what}",
        "insights pipeline start --help",
    ),
    Rule(
        "lock-held",
        r"another run has held the lock for an hour: \S*?(?P<holder>[^:\s]+)(?:\s|$)",
        "Another run, {holder}, has held the run lock for an hour",
        "insights pipeline describe {holder}",
    ),
    Rule(
        "too-many-rejects",
        r"RejectsOverThreshold: (?P<rejects>\d+) of (?P<lines>\d+) lines",
        "{rejects} of {lines} lines of bronze broke their contract, more than is tolerated",
        'insights query "select reason, count(*) from todo_silver.rejects where counted_at is null group by 1"',
    ),
    Rule(
        "silver-table-lost",
        r"SilverTableLost: (?P<what>.+?)\. Rebuild from bronze: (?P<repair>insights pipeline start [^\n(]*--wait)",
        "Silver has lost a table that held rows: {what}",
        "{repair}",
    ),
    Rule(
        "silver-file-lost",
        r"SilverFileLost: the table (?P<table>\w+) has lost the file (?P<file>\S+)",
        "Silver's table {table} has lost the file {file}",
        "insights pipeline start --rebuild {table} --wait",
    ),
    Rule(
        "rebuild-required",
        r"RebuildRequired: (?P<what>[^;\n]+)",
        "Silver's contract has a required column that a table lacks: {what}",
        FULL_REFRESH,
    ),
    Rule(
        "silver-file-lost",
        r"(?:does not exist|NoSuchKey|No such key|key does not exist|FileNotFound)[^\n]*?" + _FILE,
        "Silver's table {table} has lost the file {file}",
        "insights pipeline start --rebuild {table} --wait",
    ),
    Rule(
        "silver-file-lost",
        _FILE + r"[^\n]*?(?:does not exist|NoSuchKey|No such key|not found)",
        "Silver's table {table} has lost the file {file}",
        "insights pipeline start --rebuild {table} --wait",
    ),
    Rule(
        "key-unusable",
        r"KMS\.?\w*Exception|KMS key|kms:(?:Decrypt|GenerateDataKey)",
        "The encryption key cannot be used: it is disabled, deleted, or the role may not use it",
        DEPLOY,
    ),
    Rule(
        "credentials-expired",
        r"ExpiredToken|security token included in the request is (?:expired|invalid)",
        "The credentials expired while the work was running",
        REDRIVE,
    ),
    Rule(
        "permission-missing",
        r"(?P<who>arn:aws[\w-]*:\S+) is not authorized to perform:? (?P<action>[\w:*]+)"
        r"(?: on (?:the )?resources?:? (?P<on>arn:\S+|\S+))?",
        "{who} may not do {action} on {on}",
        DEPLOY,
    ),
    Rule(
        "permission-missing",
        r"AccessDenied\w*|Access Denied|Forbidden",
        "A role lacks a permission; the evidence names the call",
        DEPLOY,
    ),
    Rule(
        "secret-missing",
        r"Secrets Manager can't find the specified secret",
        "The secret with the key of the e-mail hash does not exist",
        DEPLOY,
    ),
    Rule(
        "package-broken",
        r"No module named '?(?P<module>[\w.]+)",
        "The deployed package lacks the module {module}",
        DEPLOY,
    ),
    Rule(
        "package-broken",
        r"ImportModuleError|ImportError|Unable to import module",
        "The deployed package cannot be imported",
        DEPLOY,
    ),
    Rule("disk-full", r"No space left on device", "The worker's disk is full", REDRIVE),
    Rule(
        "job-timeout",
        r"the job run ended TIMEOUT|States\.Timeout",
        "The Spark job took longer than its limit",
        "insights pipeline start --from DAY --to DAY --wait",
        SILVER,
    ),
    Rule(
        "job-stopped",
        r"the job run ended STOPP(?:ED|ING)",
        "Somebody stopped the Spark job",
        REDRIVE,
        SILVER,
    ),
    Rule(
        "jvm-killed",
        r"SparkEnded|OutOfMemoryError|exit(?:ed with)? code:? 137|Connection refused|Py4JNetworkError|SIGKILL"
        r"|Answer from Java side is empty|Java gateway process exited|lost worker|ExecutorLostFailure",
        "Spark's JVM was killed, most likely for lack of memory",
        REDRIVE,
        SILVER,
    ),
    Rule(
        "job-busy",
        r"ConcurrentRunsExceeded",
        "Another run of the Spark job was under way for too long",
        REDRIVE,
    ),
    Rule(
        "silver-test-failed",
        r"test (?P<test>source_\w+): (?P<what>[^;\n]+?)(?: \(log|;|$)",
        "Silver breaks its rule {test}: {what}",
        "insights reconcile",
    ),
    Rule(
        "table-missing",
        r"(?:TABLE_NOT_FOUND|EntityNotFoundException|SCHEMA_NOT_FOUND)[^\n]*?"
        r"(?:[Tt]able|[Ss]chema) '?(?:awsdatacatalog\.)?(?P<table>[\w.]+)'? (?:does not exist|not found)",
        "The table {table} does not exist",
        FULL_REFRESH,
    ),
    Rule(
        "scan-limit",
        r"[Bb]ytes scanned limit was exceeded",
        "A query read more than its workgroup allows",
        LOGS,
    ),
    Rule(
        "commit-conflict",
        r"CommitFailedException|ConcurrentModificationException|ICEBERG_COMMIT_ERROR|CommitStateUnknown",
        "Somebody else changed a table at the same time",
        REDRIVE,
    ),
    Rule(
        "throttled",
        r"SlowDown|Throttl\w+|TooManyRequests\w*|RequestLimitExceeded|ProvisionedThroughputExceeded\w*|Rate exceeded",
        "A service was busy for longer than it was retried",
        REDRIVE,
    ),
    Rule(
        "gold-test-failed",
        r"(?:unit )?test (?P<test>\w+): (?P<what>[^;\n]+?)(?: \(log|;|$)",
        "Gold breaks its test {test}: {what}",
        LOGS,
        GOLD,
    ),
    Rule(
        "model-failed",
        r"(?:model|seed|snapshot) (?P<model>\w+): (?P<what>[^;\n]+?)(?: \(log|;|$)",
        "The model {model} could not be built: {what}",
        "insights dbt build -s {model}",
        GOLD,
    ),
    Rule(
        "dbt-stopped",
        r"dbt stopped before it ran a model|(?:Compilation|Parsing|Runtime) Error",
        "dbt stopped before it ran a model: the project cannot be compiled, or Athena cannot be reached",
        LOGS,
        GOLD,
    ),
    Rule(
        "build-phase-failed",
        r"(?P<phase>SUBMITTED|QUEUED|PROVISIONING|DOWNLOAD_SOURCE|INSTALL|PRE_BUILD): (?P<what>[^\n]+?)(?: \(log|$)",
        "The build failed in phase {phase}, before dbt: {what}",
        REDRIVE,
        GOLD,
    ),
    Rule(
        "build-timeout",
        r"the build ended TIMED_OUT|States\.Timeout",
        "The build took longer than its limit",
        REDRIVE,
        GOLD,
    ),
    Rule("build-stopped", r"the build ended STOPPED", "Somebody stopped the build", REDRIVE, GOLD),
    Rule(
        "query-failed",
        r"QueryFailed: (?P<what>[^\n]+)",
        "Athena did not answer a query on gold: {what}",
        REDRIVE,
        PUBLISH,
    ),
    Rule(
        "function-timeout",
        r"Task timed out after (?P<seconds>[\d.]+) seconds|States\.Timeout|Sandbox\.Timedout",
        "The function of state {state} ran out of time",
        REDRIVE,
    ),
    Rule(
        "crawl-timeout",
        r"CrawlTimedOut",
        "The crawler was still crawling after 15 minutes; gold is built all the same",
        START,
    ),
    Rule(
        "crawl-failed",
        r"CrawlFailed: (?P<what>[^\n]+)",
        "The crawl of bronze failed: {what}; gold is built all the same",
        START,
    ),
    Rule(
        "not-deployed",
        r"ResourceNotFoundException|EntityNotFoundException|NoSuchBucket|does not exist|Function not found|not found",
        "Something that state {state} needs does not exist; the evidence names it",
        DEPLOY,
    ),
    Rule(
        "network",
        r"EndpointConnectionError|Could not connect to the endpoint|ConnectTimeout\w*|ReadTimeout\w*|Connection reset",
        "A service could not be reached",
        REDRIVE,
    ),
)

"""CloudFormation: resource types, properties and attributes that templates here use and the emulator refuses or drops.

AWS: a template's properties arrive in the service that they describe, or the deployment fails.

MiniStack 1.5.33 drops in silence what a provisioner does not know, so that a template may be wrong and still deploy.
Each module here completes one service's resources, through that service's own API functions, so that its Describe and
Get calls answer what the template said:

| module | completes |
|---|---|
| alarms | AWS::CloudWatch::CompositeAlarm; metric-math alarms |
| budgets | AWS::Budgets::Budget |
| buckets | lifecycle rules, encryption, object ownership, tags |
| tables | time to live, point-in-time recovery, encryption |
| drift | change sets that create again what was deleted outside of the stack |
| functions | a template does not take over a function of the same name |
| http_apis | the API's address as it can be called here, CORS, a stage's throttling |
| jobs | Glue jobs: concurrent runs, execution class; CodeBuild projects: logs, cache, queue time |
| named_queries | AWS::Athena::NamedQuery |
| secrets | every option of GenerateSecretString |
| state_machines | logging, and the definition is checked as CreateStateMachine checks it |
| user_pools | the attribute ProviderURL, protection against deletion |

Hooks: the table `provisioners._RESOURCE_HANDLERS` (type -> {"create", "update", "delete"}) and the provisioners' own
functions, which they look up at each call.
"""

import importlib

COMPLETED = (
    "alarms",
    "buckets",
    "budgets",
    "drift",
    "functions",
    "http_apis",
    "jobs",
    "named_queries",
    "secrets",
    "state_machines",
    "tables",
    "user_pools",
)


def apply() -> None:
    """Put every completion in place, before the emulator serves.

    Raises:
        HookChangedError: a provisioner no longer has the shape that its completion was written for.
    """
    for name in COMPLETED:
        importlib.import_module(f"{__name__}.{name}").apply()

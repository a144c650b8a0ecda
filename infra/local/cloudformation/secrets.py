"""AWS::SecretsManager::Secret: GenerateSecretString with every option of GetRandomPassword.

The emulator reads its length, excluded characters and template only: `ExcludePunctuation` is dropped, and characters
come from a generator that is not meant for secrets.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

import json

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

from infra.local.account.hooks import hook, replace
from infra.local.cloudformation.handlers import Properties, as_bool, must_succeed

SWITCHES = (
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "RequireEachIncludedType",
)


def _secret_string(props: Properties) -> str:
    options = props.get("GenerateSecretString")
    if options is None or props.get("SecretString"):
        return str(props.get("SecretString", ""))
    request = {
        "PasswordLength": int(options.get("PasswordLength", 32)),
        "ExcludeCharacters": options.get("ExcludeCharacters", ""),
        **{name: as_bool(options[name]) for name in SWITCHES if name in options},
    }
    body = must_succeed(secretsmanager._get_random_password(request), "GenerateSecretString")
    password: str = json.loads(body)["RandomPassword"]
    if "SecretStringTemplate" not in options:
        return password
    return json.dumps({**json.loads(options["SecretStringTemplate"]), options["GenerateStringKey"]: password})


def apply() -> None:
    """Put the completion in place."""
    hook(secretsmanager, "_get_random_password", "data")
    replace(provisioners, "_sm_secret_string", "props", _secret_string)

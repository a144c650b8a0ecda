"""Cognito user pools: names and aliases without regard to case, no e-mail as a user name beside an e-mail alias, an
e-mail address that changes only once it is verified, and protection against deletion.

AWS: in a pool whose UsernameConfiguration says CaseSensitive false, user names and aliases differ by more than case.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
A pool with the alias `email` refuses user names in the form of an e-mail address.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
An attribute in AttributesRequireVerificationBeforeUpdate keeps its value until the user gives Cognito's code back.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
A pool whose DeletionProtection is ACTIVE is not deleted.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html

MiniStack 1.5.33 stores the four settings and heeds none of them. It has no VerifyUserAttribute, so here the new value
of such an attribute is never taken; an administrator's AdminUpdateUserAttributes takes it at once, as on AWS.

Hooks: `_resolve_user`, `_new_user_error`, `_sign_up`, `_admin_create_user`, `_update_user_attributes`,
`_delete_user_pool`.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.services import cognito

from infra.local.account.hooks import hook, replace

Data = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
# the message is Cognito's own
PROTECTED = (
    "The user pool cannot be deleted because deletion protection is activated. "
    "Deletion protection must be inactivated first."
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def apply() -> None:
    """Put the completion in place."""
    _ignore_case()
    _refuse_email_as_user_name()
    _verify_before_update()
    _protect()


def is_protected(pool_id: str | None) -> bool:
    """Whether a pool refuses to be deleted.

    Args:
        pool_id: of a pool; one that does not exist is not protected.
    """
    pool = cognito._user_pools.get(pool_id) or {}
    return bool(pool.get("DeletionProtection") == "ACTIVE")


def _protect() -> None:
    def delete(data: Data) -> Answer:
        if is_protected(data.get("UserPoolId")):
            return cognito.error_response_json("InvalidParameterException", PROTECTED, 400)  # type: ignore[no-any-return]
        return original(data)

    original: Callable[[Data], Answer] = replace(cognito, "_delete_user_pool", "data", delete)


def _stored_name(pool: Data, name: str) -> str:
    """The user name of the user whom `name` means in a pool that ignores case; `name` itself when there is none."""
    if pool.get("UsernameConfiguration", {}).get("CaseSensitive", True) or not isinstance(name, str):
        return name
    folded_name = name.casefold()
    for stored, user in pool["_users"].items():
        if stored.casefold() == folded_name:
            return str(stored)
        attributes = cognito._attr_list_to_dict(user.get("Attributes", []))
        verified = str(attributes.get("email_verified", "")).lower() == "true"
        if "email" in pool.get("AliasAttributes", []) and verified and attributes["email"].casefold() == folded_name:
            return str(stored)
    return name


def _ignore_case() -> None:
    def resolve(pool: Data, username: str) -> Any:
        return original_resolve(pool, _stored_name(pool, username))

    def sign_up(data: Data) -> Answer:
        pool = next((one for one in cognito._user_pools.values() if data.get("ClientId") in one["_clients"]), None)
        return original_sign_up(data if pool is None else _renamed(data, pool))

    def create(data: Data) -> Answer:
        pool = cognito._user_pools.get(data.get("UserPoolId"))
        return original_create(data if pool is None else _renamed(data, pool))

    original_resolve = replace(cognito, "_resolve_user", "pool username", resolve)
    original_sign_up: Callable[[Data], Answer] = replace(cognito, "_sign_up", "data", sign_up)
    original_create: Callable[[Data], Answer] = replace(cognito, "_admin_create_user", "data", create)


def _renamed(data: Data, pool: Data) -> Data:
    """A request for a new user, under the name of the user who has it already in another case."""
    name = data.get("Username") or ""
    taken = next((one for one in pool["_users"] if one == _stored_name(pool, name)), None)
    return data if taken is None or taken.casefold() != name.casefold() else {**data, "Username": taken}


def _refuse_email_as_user_name() -> None:
    def error(pool: Data, username: str, attr_dict: dict[str, str]) -> Any:
        if "email" in (pool.get("AliasAttributes") or []) and _EMAIL.fullmatch(username):
            message = "Username cannot be of email format, since user pool is configured for email alias."
            return cognito.error_response_json("InvalidParameterException", message, 400)
        return original(pool, username, attr_dict)

    original = replace(cognito, "_new_user_error", "pool username attr_dict", error)


def _verify_before_update() -> None:
    def update(data: Data) -> Answer:
        _, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
        settings = (pool or {}).get("UserAttributeUpdateSettings") or {}
        held = set(settings.get("AttributesRequireVerificationBeforeUpdate") or [])
        sent = data.get("UserAttributes", [])
        unverified = [one for one in sent if one["Name"] in held]
        status, headers, body = original({**data, "UserAttributes": [one for one in sent if one not in unverified]})
        if status == 200 and unverified:
            codes = [
                {"AttributeName": one["Name"], "DeliveryMedium": "EMAIL", "Destination": "***"} for one in unverified
            ]
            body = json.dumps({"CodeDeliveryDetailsList": codes}).encode()
        return status, headers, body

    hook(cognito, "_user_pool_for_access_token", "access_token")
    original: Callable[[Data], Answer] = replace(cognito, "_update_user_attributes", "data", update)

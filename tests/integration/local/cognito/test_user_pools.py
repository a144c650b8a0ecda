"""User pools: case, aliases and the verification of a changed address, as the deployed pool is set up."""

from typing import Any

import pytest

from tests.conftest import Account

pytestmark = pytest.mark.account

PASSWORD = "Correct-horse-1"


class Pool:
    """A user pool like the deployed one."""

    def __init__(self, account: Account, name: str, **settings: Any) -> None:
        self.cognito: Any = account.session.client("cognito-idp")
        self.id = self.cognito.create_user_pool(PoolName=name, **settings)["UserPool"]["Id"]
        self.client = self.cognito.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        )["UserPoolClient"]["ClientId"]

    def sign_up(self, name: str, email: str) -> None:
        attributes = [{"Name": "email", "Value": email}]
        self.cognito.sign_up(ClientId=self.client, Username=name, Password=PASSWORD, UserAttributes=attributes)
        self.cognito.admin_confirm_sign_up(UserPoolId=self.id, Username=name)

    def verify(self, name: str) -> None:
        verified = [{"Name": "email_verified", "Value": "true"}]
        self.cognito.admin_update_user_attributes(UserPoolId=self.id, Username=name, UserAttributes=verified)

    def sign_in(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = self.cognito.initiate_auth(
            ClientId=self.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return result

    def email(self, name: str) -> str:
        found = self.cognito.admin_get_user(UserPoolId=self.id, Username=name)["UserAttributes"]
        return next(str(one["Value"]) for one in found if one["Name"] == "email")


@pytest.fixture
def pool(account: Account, unique: str) -> Pool:
    return Pool(
        account,
        f"pool-{unique}",
        AliasAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
    )


def test_a_user_signs_in_by_name_or_verified_address_in_any_case(pool: Pool) -> None:
    pool.sign_up("ann", "Ann@Example.com")
    assert pool.sign_in("ANN")["IdToken"]
    with pytest.raises(pool.cognito.exceptions.UserNotFoundException):
        pool.cognito.admin_get_user(UserPoolId=pool.id, Username="ann@example.com")
    pool.verify("ann")
    assert pool.sign_in("ann@EXAMPLE.com")["IdToken"]


def test_names_that_differ_only_in_case_are_one(pool: Pool) -> None:
    pool.sign_up("ann", "ann@example.com")
    with pytest.raises(pool.cognito.exceptions.UsernameExistsException):
        pool.sign_up("Ann", "other@example.com")
    with pytest.raises(pool.cognito.exceptions.UsernameExistsException):
        pool.cognito.admin_create_user(UserPoolId=pool.id, Username="ANN")


def test_in_a_case_sensitive_pool_they_are_two(account: Account, unique: str) -> None:
    pool = Pool(account, f"sensitive-{unique}")
    pool.sign_up("ann", "ann@example.com")
    pool.sign_up("Ann", "other@example.com")
    assert (pool.email("ann"), pool.email("Ann")) == ("ann@example.com", "other@example.com")


def test_an_address_is_no_user_name_where_it_is_an_alias(pool: Pool) -> None:
    with pytest.raises(pool.cognito.exceptions.InvalidParameterException, match="cannot be of email format"):
        pool.sign_up("ann@example.com", "ann@example.com")


def test_an_address_changes_only_once_it_is_verified(pool: Pool) -> None:
    pool.sign_up("ann", "ann@example.com")
    token = pool.sign_in("ann")["AccessToken"]
    answer = pool.cognito.update_user_attributes(
        AccessToken=token,
        UserAttributes=[{"Name": "email", "Value": "boss@example.com"}, {"Name": "name", "Value": "Ann"}],
    )
    assert [one["AttributeName"] for one in answer["CodeDeliveryDetailsList"]] == ["email"]
    assert pool.email("ann") == "ann@example.com"


def test_an_administrator_signs_a_user_in_with_the_password_alone(pool: Pool) -> None:
    pool.sign_up("ann", "ann@example.com")
    for flow in ("ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"):
        result = pool.cognito.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=pool.client,
            AuthFlow=flow,
            AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        assert result["IdToken"]


def test_a_protected_pool_stays_until_its_protection_is_off(account: Account, unique: str) -> None:
    pool = Pool(account, f"protected-{unique}", DeletionProtection="ACTIVE")
    with pytest.raises(pool.cognito.exceptions.InvalidParameterException, match="deletion protection is activated"):
        pool.cognito.delete_user_pool(UserPoolId=pool.id)
    pool.cognito.update_user_pool(UserPoolId=pool.id, DeletionProtection="INACTIVE")
    pool.cognito.delete_user_pool(UserPoolId=pool.id)
    with pytest.raises(pool.cognito.exceptions.ResourceNotFoundException):
        pool.cognito.describe_user_pool(UserPoolId=pool.id)

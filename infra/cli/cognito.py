"""Sign-up and sign-in in Cognito, as a user of the API does them."""

import dataclasses
import uuid

import boto3
from botocore.exceptions import ClientError


@dataclasses.dataclass(frozen=True)
class Tokens:
    """What Cognito gives for a password; both tokens open the API."""

    id_token: str
    access_token: str


def user_name(email: str) -> str:
    """The Cognito user name of who signs up with `email` here.

    A pool in which addresses are aliases takes none as a user name. This one is the same for each spelling of an
    address, so that signing up twice is refused.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email.strip().casefold()}"))


def sign_up(pool_id: str, client_id: str, email: str, password: str, name: str) -> None:
    """Sign `email` up as anyone could, and confirm it.

    Args:
        pool_id: the user pool; the caller's AWS credentials confirm the user in it, so that no mail has to arrive.
        client_id: the pool's client.
        email: what the user signs in with.
        password: has to meet the pool's policy.
        name: display name.

    Raises:
        botocore.exceptions.ClientError: `UsernameExistsException` for an address that has signed up here,
            `AliasExistsException` for one that is another user's, `InvalidPasswordException` for a password that is
            too weak.
    """
    cognito, username = boto3.client("cognito-idp"), user_name(email)
    cognito.sign_up(
        ClientId=client_id,
        Username=username,
        Password=password,
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "name", "Value": name}],
    )
    cognito.admin_confirm_sign_up(UserPoolId=pool_id, Username=username)
    # only a verified address signs in
    cognito.admin_update_user_attributes(
        UserPoolId=pool_id, Username=username, UserAttributes=[{"Name": "email_verified", "Value": "true"}]
    )


def authenticate(client_id: str, email: str, password: str) -> Tokens:
    """The tokens of a user who is signed up.

    Args:
        client_id: the pool's client that allows USER_PASSWORD_AUTH.
        email: a verified address, or a user name.
        password: the user's.

    Raises:
        botocore.exceptions.ClientError: `NotAuthorizedException` for a wrong password.
    """
    result = boto3.client("cognito-idp").initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )["AuthenticationResult"]
    return Tokens(id_token=result["IdToken"], access_token=result["AccessToken"])


def sign_in(pool_id: str, client_id: str, email: str, password: str, name: str) -> Tokens:
    """Sign `email` in, and up first if the pool does not know it.

    A user name that is no address signs in like an address, but nobody is signed up under it.

    Args:
        as `sign_up` and `authenticate`.

    Raises:
        botocore.exceptions.ClientError: `NotAuthorizedException` for a wrong password of a known user,
            `InvalidPasswordException` for a new one that is too weak.
    """
    try:
        return authenticate(client_id, email, password)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "@" not in email or code not in {"NotAuthorizedException", "UserNotFoundException"}:
            raise
        refusal = error
    try:
        sign_up(pool_id, client_id, email, password, name)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"UsernameExistsException", "AliasExistsException"}:
            raise refusal from None
        raise
    return authenticate(client_id, email, password)

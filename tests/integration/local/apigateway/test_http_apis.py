"""HTTP APIs: whom a JWT authorizer with a user pool lets in, what the function is told, and who may invoke it."""

import base64
import io
import json
import time
import zipfile
from typing import Any

import pytest
import requests

from tests.conftest import Account
from tests.integration.conftest import RoleFactory
from tests.integration.local.conftest import measured
from tests.tokens import payload, segment

pytestmark = pytest.mark.account

PASSWORD = "Correct-horse-1"
ECHO = "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"


class Api:
    """An HTTP API whose only route echoes its event to users of one app client."""

    def __init__(self, account: Account, role: RoleFactory, name: str, alias: str | None = None) -> None:
        self.cognito: Any = account.session.client("cognito-idp")
        self.functions: Any = account.session.client("lambda")
        self.function = self._function(role, name)
        self.pool = self.cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
        self.client, self.other_client = self._app_client("ours"), self._app_client("theirs")
        gateway = account.session.client("apigatewayv2")
        api = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        authorizer = gateway.create_authorizer(
            ApiId=api,
            Name="users",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={
                "Issuer": f"https://cognito-idp.{account.session.region_name}.amazonaws.com/{self.pool}",
                "Audience": [self.client],
            },
        )["AuthorizerId"]
        integration = gateway.create_integration(
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=self.function if alias is None else self._published(alias),
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        gateway.create_route(
            ApiId=api,
            RouteKey="ANY /{proxy+}",
            Target=f"integrations/{integration}",
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
        )
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        self.source = f"arn:aws:execute-api:{account.session.region_name}:000000000000:{api}/*/*/{{proxy+}}"
        self.id = api
        self.url = f"{account.settings.endpoint}/_aws/execute-api/{api}/$default/api/v1/tasks?limit=2"

    def _app_client(self, name: str) -> str:
        made = self.cognito.create_user_pool_client(
            UserPoolId=self.pool,
            ClientName=name,
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        client_id: str = made["UserPoolClient"]["ClientId"]
        return client_id

    def _published(self, alias: str) -> str:
        version = self.functions.publish_version(FunctionName=self.function)["Version"]
        made = self.functions.create_alias(FunctionName=self.function, Name=alias, FunctionVersion=version)
        arn: str = made["AliasArn"]
        return arn

    def permit(self, **qualifier: str) -> None:
        """Let the API's route invoke the function, or its alias, as a deployed stack does."""
        self.functions.add_permission(
            **qualifier,
            FunctionName=self.function,
            StatementId="-".join(["route", *qualifier.values()]),
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=self.source,
        )

    def _function(self, role: RoleFactory, name: str) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as bundle:
            bundle.writestr("index.py", ECHO)
        made = self.functions.create_function(
            FunctionName=f"echo-{name}",
            Runtime="python3.11",
            Handler="index.handler",
            Role=role("lambda"),
            Code={"ZipFile": archive.getvalue()},
        )
        arn: str = made["FunctionArn"]
        return arn

    def sign_up(self, email: str) -> str:
        """Create a confirmed user and return the `sub`."""
        sub: str = self.cognito.sign_up(
            ClientId=self.client,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": email}],
        )["UserSub"]
        self.cognito.admin_confirm_sign_up(UserPoolId=self.pool, Username=email)
        return sub

    def tokens(self, email: str, client: str) -> dict[str, Any]:
        result: dict[str, Any] = self.cognito.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return result

    def get(self, token: str | None) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.get(self.url, headers=headers, timeout=20)


@pytest.fixture
def api(account: Account, role: RoleFactory, unique: str) -> Api:
    made = Api(account, role, f"users-{unique}")
    made.permit()
    return made


@pytest.mark.parametrize("kind", ["IdToken", "AccessToken"])
def test_both_tokens_of_the_app_client_let_the_user_in(api: Api, kind: str) -> None:
    sub = api.sign_up("ann@example.com")
    token = api.tokens("ann@example.com", api.client)[kind]
    answer = api.get(token)
    assert answer.status_code == 200, answer.text
    event = answer.json()
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["sub"] == sub
    assert claims["token_use"] == {"IdToken": "id", "AccessToken": "access"}[kind]
    assert claims["client_id" if kind == "AccessToken" else "aud"] == api.client
    assert claims["iss"].endswith(api.pool)
    assert all(isinstance(value, str) for value in claims.values())
    assert (event["rawPath"], event["rawQueryString"]) == ("/api/v1/tasks", "limit=2")
    assert event["requestContext"]["http"]["path"] == "/api/v1/tasks"
    assert event["requestContext"]["stage"] == "$default"


def test_every_request_is_in_the_apis_metrics(api: Api, account: Account) -> None:
    api.sign_up("ann@example.com")
    assert api.get(api.tokens("ann@example.com", api.client)["IdToken"]).status_code == 200
    assert api.get(None).status_code == 401

    found = {name: measured(account, "AWS/ApiGateway", api.id, name) for name in ("Count", "4xx", "5xx", "Latency")}
    assert found.pop("Latency") > 0
    assert found == {"Count": 2, "4xx": 1, "5xx": 0}


def test_who_brings_no_token_or_a_bad_one_stays_out(api: Api) -> None:
    api.sign_up("ann@example.com")
    good = api.tokens("ann@example.com", api.client)["IdToken"]
    header, body, signature = good.split(".")
    unsigned = f"{segment({'alg': 'none', 'typ': 'JWT'})}.{body}."
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    unsigned_with_key = f"{segment({'alg': 'none', 'kid': kid})}.{body}."
    promoted = f"{header}.{segment({**payload(good), 'sub': 'somebody-else'})}.{signature}"
    bad = {
        "missing": None,
        "garbage": "garbage",
        "three garbage parts": "a.b.c",
        "alg none": unsigned,
        "alg none with the pool's key": unsigned_with_key,
        "claims changed after signing": promoted,
        "signature cut off": f"{header}.{body}.",
        "not a bearer token": "",
    }
    answers = {what: api.get(token) for what, token in bad.items()}
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(bad, 401)
    challenges = {what: answer.headers["www-authenticate"] for what, answer in answers.items()}
    assert challenges.pop("missing") == "Bearer"
    assert set(challenges.values()) == {'Bearer scope="" error="invalid_token"'}
    welcome = api.get(good)
    assert welcome.status_code == 200
    assert "www-authenticate" not in welcome.headers


@pytest.mark.parametrize("kind", ["IdToken", "AccessToken"])
def test_a_token_that_has_expired_stays_out(account: Account, api: Api, kind: str) -> None:
    api.sign_up("ann@example.com")
    # AWS wants five minutes at least; the emulator takes less, which saves the test the wait
    account.session.client("cognito-idp").update_user_pool_client(
        UserPoolId=api.pool,
        ClientId=api.client,
        IdTokenValidity=2,
        AccessTokenValidity=2,
        TokenValidityUnits={"IdToken": "seconds", "AccessToken": "seconds"},
    )
    token = api.tokens("ann@example.com", api.client)[kind]
    time.sleep(max(0.0, payload(token)["exp"] + 1 - time.time()))
    refused = api.get(token)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (
        401,
        'Bearer scope="" error="invalid_token"',
    )


@pytest.mark.parametrize("kind", ["IdToken", "AccessToken"])
def test_a_token_for_another_app_client_stays_out(api: Api, kind: str) -> None:
    api.sign_up("ann@example.com")
    assert api.get(api.tokens("ann@example.com", api.other_client)[kind]).status_code == 401


def test_a_token_of_another_pool_stays_out(account: Account, role: RoleFactory, api: Api, unique: str) -> None:
    elsewhere = Api(account, role, f"elsewhere-{unique}")
    elsewhere.permit()
    elsewhere.sign_up("eve@example.com")
    token = elsewhere.tokens("eve@example.com", elsewhere.client)["IdToken"]
    assert elsewhere.get(token).status_code == 200
    assert api.get(token).status_code == 401


def test_a_function_that_does_not_let_the_api_invoke_it_is_not_invoked(
    account: Account, role: RoleFactory, unique: str
) -> None:
    api = Api(account, role, f"users-{unique}")
    api.sign_up("ann@example.com")
    token = api.tokens("ann@example.com", api.client)["IdToken"]
    refused = api.get(token)
    assert (refused.status_code, refused.json()) == (500, {"message": "Internal Server Error"})
    api.functions.add_permission(
        FunctionName=api.function,
        StatementId="another-route",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=api.source.replace("{proxy+}", "elsewhere"),
    )
    assert api.get(token).status_code == 500
    api.permit()
    assert api.get(token).status_code == 200


def test_an_alias_has_permissions_of_its_own(account: Account, role: RoleFactory, unique: str) -> None:
    api = Api(account, role, f"users-{unique}", alias="live")
    api.sign_up("ann@example.com")
    token = api.tokens("ann@example.com", api.client)["IdToken"]
    api.permit()
    assert api.get(token).status_code == 500
    api.permit(Qualifier="live")
    assert api.get(token).status_code == 200

"""The REST API: Cognito, API Gateway, the api function."""

import json

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_authorizers import HttpUserPoolAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from api import contract
from api.contract import EntityType
from infra.environments import Environment
from infra.stacks import functions, names, roles
from infra.stacks.log_groups import log_group

PUBLIC_PATHS = ("/health", "/docs", "/docs/{name}", "/openapi.json")
READ = [apigateway.HttpMethod.GET, apigateway.HttpMethod.HEAD]
WRITE = [
    apigateway.HttpMethod.POST,
    apigateway.HttpMethod.PUT,
    apigateway.HttpMethod.PATCH,
    apigateway.HttpMethod.DELETE,
]
# What pages of other origins may send: the API's own headers, conditional requests (RFC 9110, section 13), trace
# context (W3C), and what client libraries add by themselves.
CORS_REQUEST_HEADERS = [
    "authorization",
    "baggage",
    "cache-control",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "pragma",
    "traceparent",
    "tracestate",
    "x-request-id",
    "x-requested-with",
]
# What they may read besides the safelisted ones (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name):
# every header that an answer may have.
CORS_RESPONSE_HEADERS = [
    "accept-encoding",
    "accept-patch",
    "allow",
    "content-encoding",
    "date",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "vary",
    "www-authenticate",
    "x-request-id",
]
# transactions have no action of their own: each operation in one is checked by its own name
USE_TABLE = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem")
ERASE = ("dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem")
# all of a user, and the requests to erase one; the pipeline's state and whom it has erased are not the API's to change
OWN_PARTITIONS = (
    *roles.partitions_of(
        EntityType.TASK,
        EntityType.USER,
        EntityType.IDEMPOTENCY,
        EntityType.INSIGHTS,
        EntityType.COUNTS,
        EntityType.WEBHOOK,
    ),
    contract.ERASURE_PARTITION,
)
READ_ERASED = ("dynamodb:GetItem", "dynamodb:ConditionCheckItem")

ACCESS_LOG_GROUP = "/aws/vendedlogs/apigateway/todo-api"
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLatency": "$context.responseLatency",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
}


class ApiStack(Stack):
    """Everything between a REST client and the table.

    Attributes:
        user_pool: where users sign up.
        client: what they sign in with.
        http_api: the API.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, description="Todo API with Insights: sign-in, HTTP API, api function")
        self.user_pool = pool = self._user_pool(environment)
        self.client = client = pool.add_client(
            "Client",
            user_pool_client_name="todo-client",
            # ALLOW_ADMIN_USER_PASSWORD_AUTH is what used to be called ADMIN_NO_SRP_AUTH; Cognito takes either name
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True, admin_user_password=True),
            # nothing signs in through a hosted page: without this, CDK allows OAuth flows to an example's address
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            id_token_validity=Duration.hours(1),
            access_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
        )
        self.http_api = api = self._http_api(
            functions.live(self._function(environment)),
            HttpUserPoolAuthorizer("Users", pool, user_pool_clients=[client]),
            environment,
        )
        CfnOutput(self, "ApiEndpoint", value=api.api_endpoint, description="Base URL, without /api/v1")
        CfnOutput(self, "UserPoolId", value=pool.user_pool_id, description="Where users sign up")
        CfnOutput(
            self, "UserPoolClientId", value=client.user_pool_client_id, description="The client they sign in with"
        )

    def _user_pool(self, environment: Environment) -> cognito.UserPool:
        # Cognito does not let a pool change these three later: user names, their case, and what signs in (ADR 0067)
        return cognito.UserPool(
            self,
            "UserPool",
            user_pool_name=names.USER_POOL,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            # a token's e-mail is one that its owner has shown to receive mail at
            keep_original=cognito.KeepOriginalAttrs(email=True),
            self_sign_up_enabled=True,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True),
                fullname=cognito.StandardAttribute(required=False, mutable=True),
            ),
            mfa=cognito.Mfa.OPTIONAL if environment.mfa == "optional" else None,
            # an authenticator app: text messages cost, and can be intercepted
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False) if environment.mfa == "optional" else None,
            email=_mail(environment.ses_from) if environment.ses_from else None,
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=False,
            ),
            deletion_protection=environment.protect_data,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _function(self, environment: Environment) -> lambda_.Function:
        return functions.function(
            self,
            "Function",
            name=names.API_FUNCTION,
            handler="api.entrypoint.handler",
            environment=environment,
            description="The REST API",
            # API Gateway gives up after 30 s; a client should hear the reason from the function before that
            timeout=Duration.seconds(28),
            memory=1024,
            variables={
                "TABLE_NAME": names.TABLE,
                "CURSOR_KEY_SECRET_ID": names.CURSOR_SECRET,
                "WEBHOOK_KEY_SECRET_ID": names.WEBHOOK_SECRET,
                "PRIVATE_WEBHOOK_TARGETS": str(environment.private_webhook_targets).lower(),
                "ENVIRONMENT": environment.name,
                "MAX_TASKS_PER_USER": str(environment.max_tasks_per_user),
                "MAX_GIGABYTES_PER_USER": str(environment.max_gigabytes_per_user),
                "REQUESTS_PER_MINUTE_PER_USER": str(environment.requests_per_minute_per_user),
            },
            statements=[
                roles.allow_items(self, (*USE_TABLE, *ERASE), *OWN_PARTITIONS),
                roles.allow_items(self, ["dynamodb:Query"], *OWN_PARTITIONS, indexes=contract.INDEXES),
                roles.allow_items(self, READ_ERASED, contract.ERASED_PARTITION),
                roles.allow_items(self, ["dynamodb:UpdateItem"], *roles.partitions_of(EntityType.RATE_LIMIT)),
                roles.allow(
                    roles.READ_SECRET,
                    [names.secret_arn(self, each) for each in (names.CURSOR_SECRET, names.WEBHOOK_SECRET)],
                ),
            ],
            snap_start=True,
        )

    def _http_api(
        self, function: lambda_.IFunction, authorizer: HttpUserPoolAuthorizer, environment: Environment
    ) -> apigateway.HttpApi:
        integration = HttpLambdaIntegration("Function", function)
        api = apigateway.HttpApi(
            self,
            "HttpApi",
            api_name=names.API_FUNCTION,
            create_default_stage=False,
            cors_preflight=apigateway.CorsPreflightOptions(
                allow_origins=list(environment.cors_origins),
                allow_methods=[apigateway.CorsHttpMethod.ANY],
                allow_headers=CORS_REQUEST_HEADERS,
                expose_headers=CORS_RESPONSE_HEADERS,
                max_age=Duration.hours(1),
            ),
        )
        # every method but OPTIONS: a preflight carries no token and is answered by API Gateway itself
        methods = [*READ, *WRITE]
        api.add_routes(path="/api/v1/{proxy+}", methods=methods, integration=integration, authorizer=authorizer)
        for path in PUBLIC_PATHS:
            api.add_routes(path=path, methods=READ, integration=integration)
        self._stage(api, environment)
        return api

    def _stage(self, api: apigateway.HttpApi, environment: Environment) -> None:
        access_log = log_group(self, "AccessLog", ACCESS_LOG_GROUP, environment)
        apigateway.CfnStage(
            self,
            "DefaultStage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=environment.throttle_rate,
                throttling_burst_limit=environment.throttle_burst,
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=access_log.log_group_arn, format=json.dumps(ACCESS_LOG)
            ),
        )


def _mail(address: str) -> cognito.UserPoolEmail:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
    return cognito.UserPoolEmail.with_ses(
        from_email=address,
        from_name="Todo",
        ses_verified_domain=address.rpartition("@")[2],
        ses_region=Aws.REGION,
    )

"""What must survive everything else: the table, the lake's buckets, the catalog's databases, the secrets.

Data outlives the stack: table, buckets, databases and secrets are retained when a deployed stack is deleted, and
removed when its first deployment fails, so that the next one can create them. In prod the table refuses deletion, too.
`insights destroy --delete-data` removes what is retained.
"""

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from api import contract
from infra.environments import Environment
from infra.stacks import names
from ingestion.contract import CHANGES, DISCARDED, ERRORS

# a resource that was created by a deployment which then failed is removed, so that the next one can create it
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
RETAINED = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


class DataStack(Stack):
    """The state of the product.

    Attributes:
        table: the application's single table, with its change stream.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(
            scope, construct_id, description="Todo API with Insights: table, lake buckets, catalog, secrets"
        )
        self._key = _customer_key(self) if environment.customer_key else None
        self._buckets(environment)
        for database in (names.BRONZE_DATABASE, names.SILVER_DATABASE, names.GOLD_DATABASE):
            self._database(database)
        self._secret("EmailHashKey", names.EMAIL_HASH_SECRET, "HMAC key of users.email_hash in silver")
        self._secret("CursorKey", names.CURSOR_SECRET, "HMAC key that signs the API's page cursors")
        self._secret("WebhookKey", names.WEBHOOK_SECRET, "HMAC key that secrets of webhooks are derived from")
        self.table = self._table(environment)
        # last: what is protected against deletion could not be rolled back when something after it failed
        self.table.node.add_dependency(*[child for child in self.node.children if child is not self.table])

    def _table(self, environment: Environment) -> dynamodb.Table:
        text = dynamodb.AttributeType.STRING
        table = dynamodb.Table(
            self,
            "Table",
            table_name=names.TABLE,
            partition_key=dynamodb.Attribute(name="PK", type=text),
            sort_key=dynamodb.Attribute(name="SK", type=text),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute=contract.TTL_ATTRIBUTE,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if self._key else None,
            encryption_key=self._key,
            deletion_protection=environment.protect_data,
            removal_policy=RETAINED,
        )
        for index, sort_key in contract.INDEXES.items():
            table.add_local_secondary_index(index_name=index, sort_key=dynamodb.Attribute(name=sort_key, type=text))
        CfnOutput(self, "TableName", value=table.table_name, description="The application's table")
        return table

    def _buckets(self, environment: Environment) -> None:
        old = Duration.days(environment.old_versions_days)
        # bronze is written once and read again years later; nothing is ever overwritten there
        rules = [_archived(f"{CHANGES}/", environment), _expiring(f"{ERRORS}/", 90), _expiring(DISCARDED, 90)]
        bronze = self._bucket("Bronze", "bronze", rules, old)
        # Iceberg keeps its own history; S3 versions are the net below it
        silver = self._bucket("Silver", "silver", [], old)
        # all of gold can be made again, and what a user's erasure took out of it is not to linger
        gold = self._bucket("Gold", "gold", [_expiring(names.ATHENA_RESULTS, 7)], Duration.days(1))
        self._bucket("Artifacts", "artifacts", [_expiring("", 30)], None)
        for name, bucket in (("BronzeBucket", bronze), ("SilverBucket", silver), ("GoldBucket", gold)):
            CfnOutput(self, name, value=bucket.bucket_name, description=f"The {name[:-6].lower()} layer of the lake")

    def _bucket(
        self,
        construct_id: str,
        layer: str,
        rules: list[s3.LifecycleRule],
        old_versions: Duration | None,
    ) -> s3.Bucket:
        housekeeping = s3.LifecycleRule(
            id="housekeeping",
            abort_incomplete_multipart_upload_after=Duration.days(2),
            noncurrent_version_expiration=old_versions,
            expired_object_delete_marker=True if old_versions else None,
        )
        return s3.Bucket(
            self,
            construct_id,
            bucket_name=names.bucket(layer),
            encryption=s3.BucketEncryption.KMS if self._key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=self._key,
            # one request to KMS for many objects: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
            bucket_key_enabled=True if self._key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=old_versions is not None,
            lifecycle_rules=[housekeeping, *rules],
            removal_policy=RETAINED,
        )

    def _database(self, name: str) -> None:
        database = glue.CfnDatabase(
            self,
            f"Database{name.title().replace('_', '')}",
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=name),
        )
        database.apply_removal_policy(RETAINED)

    def _secret(self, construct_id: str, name: str, description: str) -> None:
        secretsmanager.Secret(
            self,
            construct_id,
            secret_name=name,
            description=description,
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=RETAINED,
        )


def _customer_key(scope: Construct) -> kms.Key:
    """A key for what S3 and DynamoDB store here, for every principal whom they let at the data, and for nothing else.

    So is the policy of the keys that AWS manages for the two; what it adds is a key that its owner can disable.
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    key = kms.Key(scope, "DataKey", description="Table and lake", enable_key_rotation=True, removal_policy=RETAINED)
    stack = Stack.of(scope)
    services = [f"{service}.{stack.region}.amazonaws.com" for service in ("s3", "dynamodb")]
    via = {"kms:CallerAccount": stack.account, "kms:ViaService": services}
    for actions, condition in (
        (["kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"], {}),
        (["kms:DescribeKey"], {}),
        # DynamoDB works with a grant of its own
        (["kms:CreateGrant"], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ):
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=actions,
                resources=["*"],
                conditions={"StringEquals": via, **condition},
            )
        )
    return key


def _expiring(prefix: str, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id=f"expire-{prefix.strip('/') or 'all'}", prefix=prefix or None, expiration=Duration.days(days)
    )


def _archived(prefix: str, environment: Environment) -> s3.LifecycleRule:
    days = environment.bronze_to_infrequent_access_days
    infrequent = s3.Transition(storage_class=s3.StorageClass.INFREQUENT_ACCESS, transition_after=Duration.days(days))
    # readable at once like the others, so a full refresh still works, at a price per GB read
    glacier = s3.Transition(
        storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
        transition_after=Duration.days(environment.bronze_to_glacier_days),
    )
    return s3.LifecycleRule(id=f"archive-{prefix.strip('/')}", prefix=prefix, transitions=[infrequent, glacier])

"""The DynamoDB client, and conditional writes with it: one call whether one item is written or several."""

import dataclasses
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import orjson
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        ConditionCheckTypeDef,
        DeleteTypeDef,
        ItemCollectionMetricsTypeDef,
        PutTypeDef,
        TransactWriteItemTypeDef,
    )

READ_SECONDS = 3
THROTTLING = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_MAKING = threading.Lock()
_COLLECTION_FULL = frozenset({"ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException"})
_CONFLICTS = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})


class _LazyClient:
    """Makes the client when it is first used: parsing what botocore knows of DynamoDB takes long (ADR 0107)."""

    def __getattr__(self, name: str) -> Any:
        with _MAKING:
            if "meta" not in self.__dict__:
                client = _make_client()
                self.__dict__ |= {one: getattr(client, one) for one in dir(client) if not one.startswith("_")}
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name) from None


def dynamodb_client() -> "DynamoDBClient":
    """A client for the life of the process, made when it is first used."""
    return cast("DynamoDBClient", _LazyClient())


def _make_client() -> Any:
    """Make a client.

    DynamoDB answers in milliseconds, so a call that takes seconds is lost: give up early and try again, within the
    function's own timeout. Parameters are built here from validated models, so botocore need not check them again.
    boto3 is left out: its resources and transfers would take a quarter of the import's time and are used nowhere here.
    """
    client = get_session().create_client(
        "dynamodb",
        config=Config(
            connect_timeout=1,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 3},
            tcp_keepalive=True,
            parameter_validation=False,
        ),
    )
    for operation in ("GetItem", "Query"):
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _parse_items)
    return client


def _parse_items(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Parse items, a handler of botocore's event `before-parse`.

    Botocore's parser looks every value up in its model of the service, for nothing but binary values, which no item
    has that these operations read. Without it a page of 100 tasks takes half of the CPU (ADR 0107).
    """
    if response_dict["status_code"] != 200:
        return
    try:
        customized_response_dict |= orjson.loads(response_dict["body"])
    except orjson.JSONDecodeError:
        return  # botocore knows what to do with a mutilated response
    response_dict["body"] = b"{}"


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionalPut:
    """An item to write if a condition on what it replaces holds.

    Args:
        item: in DynamoDB's JSON.
        condition: a condition expression.
        values: its expression attribute values.
    """

    table: str
    item: Mapping[str, Any]
    condition: str
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def request(self) -> "PutTypeDef":
        """The request, which asks to be shown the item that a failed condition was about."""
        request: dict[str, Any] = {
            "TableName": self.table,
            "Item": self.item,
            "ConditionExpression": self.condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return cast("PutTypeDef", request)


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionalDelete:
    """An item to delete if it still has the version that was read.

    Args:
        table: its name.
        key: in DynamoDB's JSON.
        version: that was read; None for whatever is there.
    """

    table: str
    key: Mapping[str, Any]
    version: int | None

    def request(self) -> "DeleteTypeDef":
        """Make the action of a transaction."""
        request: dict[str, Any] = {"TableName": self.table, "Key": self.key}
        if self.version is not None:
            request |= {
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": {":read": {"N": str(self.version)}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        return cast("DeleteTypeDef", request)


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionCheck:
    """A condition of a transaction on an item that it does not write.

    Args:
        table: its name.
        key: in DynamoDB's JSON.
        condition: a condition expression.
    """

    table: str
    key: Mapping[str, Any]
    condition: str

    def request(self) -> "ConditionCheckTypeDef":
        """Make the action of a transaction, which asks to be shown the item if the condition fails."""
        request = {
            "TableName": self.table,
            "Key": self.key,
            "ConditionExpression": self.condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return cast("ConditionCheckTypeDef", request)


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Why one put was refused: `contended` by a transaction under way, or its condition failed on `existing`."""

    contended: bool = False
    existing: Mapping[str, Any] | None = None


class ConditionsFailed(Exception):  # noqa: N818 - an outcome, not a fault
    """Nothing was written. `refusals` has an entry per action, None for those that were not at fault."""

    def __init__(self, refusals: Sequence[Refusal | None]) -> None:
        super().__init__("a condition failed or another transaction was in the way")
        self.refusals = tuple(refusals)


class CollectionFull(Exception):  # noqa: N818 - an outcome, not a fault
    """A user's item collection has reached its limit; nothing was written."""


class VersionConflict(Exception):  # noqa: N818 - an outcome, not a fault
    """An item is no longer what a write replaces, or, new, is there already; nothing was written."""


def write(
    client: "DynamoDBClient",
    writes: Sequence[ConditionalPut | ConditionalDelete],
    checks: Sequence[ConditionCheck] = (),
) -> float | None:
    """Carry out all of `writes` or none, in one call.

    Args:
        client: of DynamoDB.
        writes: at most 100 with `checks`.
        checks: conditions on other items.

    Returns:
        the lower bound, in GB, of the size of the largest item collection that was written to, which DynamoDB states
        free of charge; None when it has not.

    The SDK gives a transaction a client request token, so its own retries after a lost answer are harmless; a single
    put has none, and may find its condition refused by itself (compare `Refusal.existing`).

    Raises:
        ConditionsFailed: a condition failed, or another transaction was under way on an item.
        CollectionFull: an item collection has reached the 10 GB that local indexes allow.
        botocore.exceptions.ClientError: anything else that DynamoDB refuses, throttling included.
    """
    metrics: Iterable[ItemCollectionMetricsTypeDef]
    try:
        if len(writes) == 1 and not checks and isinstance(writes[0], ConditionalPut):
            one: Any = client.put_item(**writes[0].request(), ReturnItemCollectionMetrics="SIZE")
            metrics = [one["ItemCollectionMetrics"]] if "ItemCollectionMetrics" in one else []
        else:
            actions = [_action(action) for action in writes]
            actions += [{"ConditionCheck": check.request()} for check in checks]
            answer = client.transact_write_items(TransactItems=actions, ReturnItemCollectionMetrics="SIZE")
            metrics = [metric for table in answer.get("ItemCollectionMetrics", {}).values() for metric in table]
    except ClientError as error:
        if is_collection_full(error):
            raise CollectionFull from error
        refusals = refusals_of(error, len(writes) + len(checks))
        if refusals is None:
            raise
        raise ConditionsFailed(refusals) from error
    return max((metric["SizeEstimateRangeGB"][0] for metric in metrics), default=None)


def _action(action: ConditionalPut | ConditionalDelete) -> "TransactWriteItemTypeDef":
    return {"Put": action.request()} if isinstance(action, ConditionalPut) else {"Delete": action.request()}


def refusals_of(error: ClientError, actions: int) -> list[Refusal | None] | None:
    """What `error` says about each of a request's `actions`; None when it is no refusal (`is_throttling`, or worse)."""
    response = cast("dict[str, Any]", error.response)
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return [Refusal(existing=response.get("Item"))]
    if code in _CONFLICTS:
        return [Refusal(contended=True)] * actions
    if code != "TransactionCanceledException":
        return None
    refusals: list[Refusal | None] = []
    for reason in response.get("CancellationReasons", ()):
        if reason["Code"] == "ConditionalCheckFailed":
            refusals.append(Refusal(existing=reason.get("Item")))
        elif reason["Code"] in _CONFLICTS:
            refusals.append(Refusal(contended=True))
        elif reason["Code"] == "None":
            refusals.append(None)
        else:
            return None
    return refusals if any(refusals) else None


def is_collection_full(error: ClientError) -> bool:
    """Whether a partition key with local indexes has reached its 10 GB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit
    """
    reasons = cast("dict[str, Any]", error.response).get("CancellationReasons") or ()
    codes = {error.response["Error"]["Code"], *(reason.get("Code") for reason in reasons)}
    return not codes.isdisjoint(_COLLECTION_FULL)


def is_throttling(error: ClientError) -> bool:
    """Whether `error` says that the service is busy, so that the same request may succeed a moment later."""
    reasons = cast("dict[str, Any]", error.response).get("CancellationReasons") or ()
    codes = {error.response["Error"]["Code"], *(reason.get("Code") for reason in reasons)}
    return not codes.isdisjoint(THROTTLING)

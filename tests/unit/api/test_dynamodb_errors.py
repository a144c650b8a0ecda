"""How DynamoDB's refusals are told apart."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from api.repositories.dynamodb import Refusal, is_throttling, refusals_of
from api.repositories.items import marshal, unmarshal


def error(code: str, *reasons: str, **more: Any) -> ClientError:
    response = {"Error": {"Code": code, "Message": ""}, **more}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(cast("Any", response), "TransactWriteItems")


def test_a_failed_condition_shows_the_item_it_was_about() -> None:
    item = {"PK": {"S": "x"}}
    assert refusals_of(error("ConditionalCheckFailedException", Item=item), 1) == [Refusal(existing=item)]
    assert refusals_of(error("ConditionalCheckFailedException"), 1) == [Refusal()]


def test_a_transaction_has_a_reason_per_action() -> None:
    assert refusals_of(error("TransactionCanceledException", "None", "ConditionalCheckFailed"), 2) == [None, Refusal()]
    assert refusals_of(error("TransactionCanceledException", "TransactionConflict", "None"), 2) == [
        Refusal(contended=True),
        None,
    ]


@pytest.mark.parametrize("code", ["TransactionConflictException", "TransactionInProgressException"])
def test_contention_as_a_whole_counts_for_every_action(code: str) -> None:
    assert refusals_of(error(code), 2) == [Refusal(contended=True)] * 2


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError"])
def test_no_other_cancellation_is_a_refusal(reason: str) -> None:
    cancelled = error("TransactionCanceledException", "ConditionalCheckFailed", reason)
    assert refusals_of(cancelled, 2) is None
    assert is_throttling(cancelled) is (reason != "ValidationError")


def test_throttling_is_distinguished_from_mistakes() -> None:
    assert is_throttling(error("ProvisionedThroughputExceededException"))
    assert is_throttling(error("ThrottlingException"))
    assert not is_throttling(error("AccessDeniedException"))
    assert refusals_of(error("AccessDeniedException"), 1) is None


def test_items_come_back_and_absent_attributes_stay_absent() -> None:
    plain: dict[str, Any] = {"text": "🥛", "empty": "", "number": 10**20, "bytes": b"\0"}
    assert unmarshal(marshal({**plain, "absent": None})) == plain
    assert "absent" not in marshal({"absent": None})
    with pytest.raises(TypeError, match="NULL"):
        unmarshal({"x": {"NULL": True}})

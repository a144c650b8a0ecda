"""Problems: stable types, complete documents."""

import json

import pytest

from api import problems
from api.identity import Caller, caller_of, user_hash_of
from api.problems import Problem, Unauthenticated

KINDS = {
    kind.slug: kind.status
    for kind in vars(problems).values()
    if isinstance(kind, type) and issubclass(kind, Problem) and kind is not Problem
}


def test_types_and_their_status_are_a_contract() -> None:
    assert KINDS == {
        "malformed-json": 400,
        "invalid-header": 400,
        "idempotency-key-missing": 400,
        "idempotency-key-invalid": 400,
        "cursor-invalid": 400,
        "unauthenticated": 401,
        "not-found": 404,
        "task-not-found": 404,
        "insights-not-found": 404,
        "quota-exceeded": 403,
        "rate-limited": 429,
        "storage-full": 507,
        "user-not-found": 404,
        "webhook-not-found": 404,
        "method-not-allowed": 405,
        "write-conflict": 409,
        "request-in-progress": 409,
        "sync-token-expired": 410,
        "precondition-failed": 412,
        "payload-too-large": 413,
        "unsupported-media-type": 415,
        "validation-failed": 422,
        "batch-refused": 422,
        "idempotency-key-reused": 422,
        "internal-error": 500,
        "erasure-unfinished": 503,
        "temporarily-unavailable": 503,
    }


def test_a_document_has_every_member_and_errors_only_when_there_are_some() -> None:
    problem = problems.ValidationFailed("why")
    assert json.loads(problem.body("r")) == {
        "type": "urn:problem-type:todo:validation-failed",
        "title": "Validation failed",
        "status": 422,
        "detail": "why",
        "request_id": "r",
    }
    (error,) = json.loads(problems.CursorInvalid().body("r"))["errors"]
    assert (error["location"], error["field"]) == ("query", "cursor")


def test_problems_that_pass_have_retry_after() -> None:
    for kind in (problems.Unavailable, problems.WriteConflict, problems.RequestInProgress):
        assert kind().headers == {"Retry-After": "1"}


def event(claims: object) -> dict[str, object]:
    return {"requestContext": {"authorizer": {"jwt": {"claims": claims}}}}


def test_only_an_id_token_has_e_mail_and_name() -> None:
    claims = {"sub": "a-b", "email": "a@example.com", "name": "A"}
    assert caller_of(event({**claims, "token_use": "id"})) == Caller("a-b", "a@example.com", "A")
    assert caller_of(event({**claims, "token_use": "access"})) == Caller("a-b")
    assert caller_of(event({"sub": "x", "token_use": "id", "email": ""})) == Caller("x")


@pytest.mark.parametrize("token_use", [None, "", "refresh", "ID", "idd"])
def test_only_id_and_access_tokens_identify_a_caller(token_use: str | None) -> None:
    claims = {"sub": "a-b"} if token_use is None else {"sub": "a-b", "token_use": token_use}
    with pytest.raises(problems.Unauthenticated):
        caller_of(event(claims))


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"headers": {"sub": "x"}},
        {"requestContext": None},
        {"requestContext": {"authorizer": {"lambda": {"sub": "x"}}}},
        event(None),
        event({}),
        event({"sub": None}),
        event({"sub": "a#b"}),
        event({"sub": "a\n"}),
    ],
)
def test_without_verified_claims_nobody_is_there(odd: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        caller_of(odd)


def test_a_user_s_pseudonym_is_stable_and_not_the_user() -> None:
    assert user_hash_of(event({"sub": "user"})) == "04f8996da763b7a9"
    assert user_hash_of({}) is None

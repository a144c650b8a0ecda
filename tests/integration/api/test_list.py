"""Lists: order, filters, pages, cursors."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from botocore.session import Session

from tests.integration.api.client import Client

pytestmark = pytest.mark.account

TASKS = "/api/v1/tasks"


def next_query(link: str, address: str = "https://host/base/api/v1/tasks?limit=2") -> dict[str, str]:
    """The query of the next page, resolved as a client would."""
    reference, _, relation = link.partition(";")
    assert relation.strip() == 'rel="next"'
    next_url = urlsplit(urljoin(address, reference.strip("<> ")))
    assert next_url.path == urlsplit(address).path
    return dict(parse_qsl(next_url.query))


def walk(client: Client, **query: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    pages = []
    while True:
        reply = client.send("GET", TASKS, query=query)
        assert reply.status == 200, reply.text
        pages.append(reply.json())
        if "link" not in reply.headers:
            return pages
        query = next_query(reply.headers["link"])


def ids(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["id"] for task in tasks]


def test_a_new_user_s_list_is_empty(alice: Client) -> None:
    reply = alice.send("GET", TASKS)
    assert (reply.status, reply.json()) == (200, [])
    assert "link" not in reply.headers


def test_pages_are_full_newest_first_and_hold_every_task_once(alice: Client) -> None:
    made = [alice.created(str(number)) for number in range(7)]
    alice.send("DELETE", f"{TASKS}/{made[5]['id']}")
    live = sorted(ids(made[:5] + made[6:]), reverse=True)
    pages = walk(alice, limit=2)
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [task_id for page in pages for task_id in ids(page)] == live
    assert ids(alice.send("GET", TASKS).json()) == live


def test_filters_narrow_together(alice: Client) -> None:
    matching = alice.created("matching", status="in_progress", priority="high", category="home")
    alice.created("other status", priority="high", category="home")
    alice.created("other priority", status="in_progress", category="home")
    alice.created("other category", status="in_progress", priority="high", category="work")
    query = {"status": "in_progress", "priority": "high", "category": "home"}
    assert alice.send("GET", TASKS, query=query).json() == [matching]
    assert len(alice.send("GET", TASKS, query={"category": "home"}).json()) == 3


def test_filtered_pages_are_filled_up(alice: Client, monkeypatch: pytest.MonkeyPatch, calls: list[str]) -> None:
    import api.repositories.task_lists as repository

    made = [alice.created(str(number), priority="high" if number % 5 == 0 else "low") for number in range(15)]
    monkeypatch.setattr(repository, "_FIRST_FILTERED_READ", 3)
    high = sorted(ids([made[0], made[5], made[10]]), reverse=True)
    calls.clear()
    pages = walk(alice, priority="high", limit=2)
    assert [ids(page) for page in pages] == [high[:2], high[2:]]
    assert calls.count("Query") <= 4


def test_a_page_that_reaches_the_bound_on_queries_is_short_but_goes_on(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    import api.repositories.task_lists as repository

    oldest = alice.created("oldest", priority="high")
    for number in range(9):
        alice.created(str(number), priority="low")
    monkeypatch.setattr(repository, "_FIRST_FILTERED_READ", 6)
    monkeypatch.setattr(repository, "_MAX_QUERIES", 1)
    assert walk(alice, priority="high", limit=5) == [[], [oldest]]


def test_live_tasks_are_never_found_by_reading_deleted_ones(alice: Client, calls: list[str]) -> None:
    oldest = alice.created("oldest", due_date="2026-12-01")
    for number in range(3):
        operations = [{"op": "create", "task": {"title": "x", "due_date": "2026-12-02"}} for _ in range(50)]
        made = alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=f"c{number}").json()
        gone = [{"op": "delete", "id": result["task"]["id"]} for result in made["results"]]
        alice.send("POST", f"{TASKS}/batch", {"operations": gone}, idempotency_key=f"d{number}")
    for query in ({}, {"limit": 1}, {"sort": "created_at"}, {"sort": "-due_date"}, {"q": "OLDEST"}, {"q": "none"}):
        calls.clear()
        reply = alice.send("GET", TASKS, query=query)
        assert reply.json() == ([] if query.get("q") == "none" else [oldest]), query
        assert "link" not in reply.headers
        assert calls == ["Query"], query


def test_a_selective_filter_s_first_page_takes_two_calls(alice: Client, calls: list[str]) -> None:
    matching = alice.created("matching", category="rare")
    for number in range(7):
        operations = [{"op": "create", "task": {"title": "x"}} for _ in range(50)]
        alice.send("POST", f"{TASKS}/batch", {"operations": operations}, idempotency_key=f"c{number}")
    for query, found in (({"category": "rare"}, [matching]), ({"q": "nothing"}, []), ({"priority": "urgent"}, [])):
        calls.clear()
        reply = alice.send("GET", TASKS, query=query)
        assert (reply.json(), "link" in reply.headers) == (found, False)
        assert calls == ["Query", "Query"]


@pytest.mark.parametrize(
    ("stored", "sought"),
    [
        ("Café", "CAFÉ"),
        ("Café", "Cafe\u0301"),
        ("Cafe\u0301", "café"),
        ("İstanbul", "i\u0307stanbul"),
        ("İstanbul", "I\u0307STANBUL"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_text_matches_whatever_its_case_and_the_encoding_of_accents(alice: Client, stored: str, sought: str) -> None:
    task = alice.created(f"Visit {stored} soon", category=stored)
    alice.created("Cafe", category="Cafe")
    for query in ({"q": sought}, {"category": sought}):
        assert alice.send("GET", TASKS, query=query).json() == [task], query
    assert task["category"] == stored


def test_a_cursor_survives_the_deletion_of_the_task_it_points_at(alice: Client) -> None:
    made = [alice.created(str(number)) for number in range(4)]
    first = alice.send("GET", TASKS, query={"limit": 2})
    alice.send("DELETE", f"{TASKS}/{first.json()[-1]['id']}")
    rest = alice.send("GET", TASKS, query=next_query(first.headers["link"]))
    assert set(ids(rest.json())) == set(ids(made)) - set(ids(first.json()))


def test_a_cursor_is_good_for_its_user_and_query_only(alice: Client, bob: Client) -> None:
    for client in (alice, bob):
        for number in range(3):
            client.created(str(number))
    query = next_query(alice.send("GET", TASKS, query={"limit": 1}).headers["link"])
    cursor = query["cursor"]
    tag_and_position = base64.urlsafe_b64decode(cursor + "==")
    forged = [
        "x",
        "",
        "é",
        cursor[:-4],
        cursor + "AAAA",
        base64.urlsafe_b64encode(tag_and_position[:-1] + bytes([tag_and_position[-1] ^ 1])).decode().rstrip("="),
        base64.urlsafe_b64encode(b"\0" * 16 + tag_and_position[16:]).decode().rstrip("="),
    ]
    attempts = [
        bob.send("GET", TASKS, query=query),
        alice.send("GET", TASKS, query={**query, "status": "pending"}),
        *(alice.send("GET", TASKS, query={"cursor": one}) for one in forged),
    ]
    for reply in attempts:
        assert (reply.status, reply.problem_type, reply.fields) == (400, "cursor-invalid", {"cursor"})
    # another page size is the same query
    assert len(alice.send("GET", TASKS, query={"cursor": cursor, "limit": 5}).json()) == 2


def test_the_signing_key_is_fetched_only_when_a_cursor_is_met(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    services: list[str] = []
    build: Callable[..., Any] = Session.create_client

    def counting(session: Session, service: str, **settings: Any) -> Any:
        services.append(service)
        return build(session, service, **settings)

    for number in range(3):
        alice.created(str(number))
    monkeypatch.setattr(Session, "create_client", counting)
    alice.send("GET", TASKS)
    assert services == []
    assert len(walk(alice, limit=1)) == 3
    assert services == ["secretsmanager"]

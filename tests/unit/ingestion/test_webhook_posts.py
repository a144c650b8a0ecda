"""A POST to receivers that answer, fail, redirect, hang, drip, or move to an address that is not public."""

import base64
import socket
import time

import pytest

from ingestion.webhooks.http_post import Answer, post
from ingestion.webhooks.signature import make_headers
from ingestion.webhooks.targets import is_public
from tests.unit.ingestion.receivers import dripping, receiver

BODY = b'{"type":"task.created"}'
PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.8"


def send(url: str, timeout: float = 2.0) -> Answer:
    return post(url, BODY, {"webhook-id": "evt_1"}, allow_private=True, timeout=timeout)


def test_a_receiver_gets_body_and_headers_at_its_path() -> None:
    with receiver() as there:
        there.status = 204
        assert send(there.url) == Answer(204)
        ((path, headers, body),) = there.requests
    assert (path, body, headers["webhook-id"]) == ("/hook?token=t", BODY, "evt_1")
    assert headers["host"] == f"127.0.0.1:{there.server_port}"


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_refusal_is_a_failure_with_its_status(status: int) -> None:
    with receiver() as there:
        there.status = status
        assert send(there.url) == Answer(status, f"the receiver answered {status}")


def test_a_redirect_is_not_followed() -> None:
    with receiver() as there, receiver() as elsewhere:
        there.status, there.headers = 307, {"location": elsewhere.url}
        assert send(there.url) == Answer(307, "the receiver answered 307; redirects are not followed")
        assert elsewhere.requests == []


def test_a_receiver_that_answers_slowly_is_waited_for() -> None:
    with receiver() as there:
        there.seconds = 0.3
        started = time.monotonic()
        assert send(there.url, timeout=5) == Answer(200)
        assert time.monotonic() - started >= 0.3
        assert len(there.requests) == 1


@pytest.mark.parametrize(("answer", "seconds"), [(b"", 5), (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 1000, 0.02)])
def test_a_receiver_that_hangs_or_drips_takes_no_longer_than_the_time_limit(answer: bytes, seconds: float) -> None:
    started = time.monotonic()
    with dripping(answer, seconds) as url:
        assert send(url, timeout=0.3) == Answer(None, "no answer within 0.3 s")
        assert time.monotonic() - started < 1


def test_what_is_no_http_and_what_nobody_listens_at_is_a_failure() -> None:
    with dripping(b"220 smtp\r\n", 0.05) as url:
        assert send(url) == Answer(None, "the answer is no HTTP")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/") == Answer(None, "the connection was refused")


def test_plain_http_is_refused_where_addresses_have_to_be_public() -> None:
    assert post("http://example.com/", BODY, {}, allow_private=False) == Answer(None, "the address is not HTTPS")


@pytest.mark.parametrize("addresses", [[PRIVATE], ["127.0.0.1"], ["169.254.169.254"], [PUBLIC, PRIVATE], ["::1"]])
def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(addresses: list[str]) -> None:
    answer = post("https://a.example/", BODY, {}, allow_private=False, resolve=lambda *_: addresses)
    assert answer == Answer(None, "the name leads to an address that is not public")


def test_a_name_that_moves_after_the_check_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is asked for once, and the connection is to the address that was checked."""
    answers = iter([[PUBLIC], [PRIVATE], ["127.0.0.1"]])
    connected: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], timeout: float) -> socket.socket:
        del timeout
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    answer = post("https://a.example/", BODY, {}, allow_private=False, resolve=lambda *_: next(answers))
    assert (answer.error, connected) == ("the connection was refused", [(PUBLIC, 443)])
    assert next(answers) == [PRIVATE]


def test_a_name_without_address_is_a_failure() -> None:
    def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(host, port)

    answer = post("https://a.example/", BODY, {}, allow_private=False, resolve=fail)
    assert answer == Answer(None, "the name does not resolve")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "no address",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_headers_are_those_of_standard_webhooks() -> None:
    """Of the example that the libraries of Standard Webhooks are tested with."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = make_headers([secret, b"old secret"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    new, old = headers["webhook-signature"].split(" ")
    assert new == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert old.startswith("v1,")
    assert new != old

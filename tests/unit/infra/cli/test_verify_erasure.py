"""An erasure's certificate is checked without an account, and 50 planted residues of all kinds are found."""

import base64
import gzip
import io
import json
import pathlib
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from infra.cli.app import app
from infra.cli.residues import list_names
from ingestion.cdc.quarantine import format_message
from ingestion.webhooks.message import Message
from tests.unit.ingestion.stream import record
from tests.unit.ingestion.test_replay import discarded
from transforms.silver.certificate import make_certificate

USER, OTHER, KEY = "5f8d0d55-1111-2222-3333-444455556666", "0a0a0a0a-9999-8888-7777-666655554444", b"signing key"
Maker = Callable[[str], bytes]


def line(user: str) -> bytes:
    return json.dumps({"keys": {"PK": f"TASK#{user}"}, "new_image": {"user_id": user, "title": "x"}}).encode() + b"\n"


def undelivered(user: str) -> bytes:
    return json.dumps({"attemptsMade": 4, "rawData": base64.b64encode(gzip.compress(line(user))).decode()}).encode()


def parquet(user: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"user_id": [OTHER, user], "n": [1, 2]}), stream, **options)
    return stream.getvalue()


def avro(user: str, codec: bytes = b"deflate") -> bytes:
    """An Avro container file with one block, as Iceberg's manifests are."""

    def integer(value: int) -> bytes:
        rest, out = value << 1, b""
        while rest > 0x7F:
            out, rest = out + bytes([rest & 0x7F | 0x80]), rest >> 7
        return out + bytes([rest])

    def text(value: bytes) -> bytes:
        return integer(len(value)) + value

    block = text(f"s3://silver/user_id={user}/data.parquet".encode())
    if codec == b"deflate":
        packer = zlib.compressobj(wbits=-15)
        block = packer.compress(block) + packer.flush()
    header = integer(2) + text(b"avro.schema") + text(b'"string"') + text(b"avro.codec") + text(codec) + integer(0)
    sync = b"0123456789abcdef"
    return b"Obj\x01" + header + sync + integer(1) + text(block) + sync


def quarantined(user: str) -> bytes:
    item = {"PK": {"S": f"TASK#{user}"}, "SK": {"S": "TASK#1"}, "user_id": {"S": user}}
    return format_message(record(item), "too long").encode()


def truncated(user: str) -> bytes:
    return gzip.compress(line(user) * 50 + bytes(range(256)) * 40)[:-30]


def request_log(user: str) -> bytes:
    return json.dumps({"route": "/api/v1/tasks", "user_hash": list_names(user)[1].decode()}).encode()


def undelivered_event(user: str) -> bytes:
    payload = json.dumps({"type": "task.created", "data": {"title": "x"}})
    return Message(user, "w-1", "2026-11-24", "e-1", "task.created", "2026-11-24", payload, 0).body().encode()


KINDS: dict[str, Maker] = {
    "a line": line,
    "gzip": lambda user: gzip.compress(line(user)),
    "gzip, cut off": truncated,
    "Firehose's error record": undelivered,
    "a quarantined record": quarantined,
    "a batch that Lambda discarded": lambda user: discarded(
        record({"PK": {"S": f"TASK#{user}"}, "SK": {"S": "TASK#1"}, "user_id": {"S": user}})
    ).encode(),
    "a webhook's event": undelivered_event,
    "a request log": request_log,
    "a request log, gzip": lambda user: gzip.compress(request_log(user)),
    "Parquet": parquet,
    "Parquet, plain": lambda user: parquet(user, compression="none", use_dictionary=False),
    "Parquet, zstd": lambda user: parquet(user, compression="zstd"),
    "Avro": avro,
    "Avro, not packed": lambda user: avro(user, b"null"),
    "CSV": lambda user: f'"user_id","title"\n"{user}","x"\n'.encode(),
    "an item as DynamoDB exports it": lambda user: gzip.compress(
        json.dumps({"Item": {"PK": {"S": f"USER#{user}"}}}).encode()
    ),
}
PLACES = (
    "bronze/cdc/dt=2026-11-24/hour=10",
    "bronze/errors/unreadable/cdc",
    "bronze/aws/lambda/mapping/shard",
    "silver/todo_silver.db/tasks__rebuild/data",
    "gold/athena-results",
)
PLANTED = {f"{place}/{number}": make for place in PLACES for number, make in enumerate(KINDS.values())}


@pytest.fixture
def certificate(tmp_path: pathlib.Path) -> pathlib.Path:
    """A genuine certificate, and its key beside it."""
    (tmp_path / "key").write_bytes(KEY)
    made = make_certificate(
        KEY,
        user_id=USER,
        request_id="r-1",
        requested_at=datetime(2026, 11, 24, tzinfo=UTC),
        erased_at=datetime(2026, 11, 25, tzinfo=UTC),
        requests=1,
        counts={"bronze_lines": 3},
        snapshots={"tasks": 8_123_456_789_012_345_678},
    )
    assert USER not in json.dumps(made)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(made, indent=2))
    return path


def verify(certificate: pathlib.Path, folder: pathlib.Path, user: str = USER) -> tuple[int, str]:
    folder.mkdir(exist_ok=True)
    options = ["--user", user, "--key-file", str(certificate.parent / "key"), "--folder", str(folder), "--json"]
    done = CliRunner().invoke(app, ["verify-erasure", str(certificate), *options])
    return done.exit_code, done.stdout if done.exit_code == 0 or done.stdout else done.stderr


def plant(folder: pathlib.Path, user: str) -> None:
    for name, make in PLANTED.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(user))
    (folder / f"gold/user_id={user}").mkdir(parents=True)
    (folder / f"gold/user_id={user}/empty").write_bytes(b"")


def test_every_planted_residue_is_found(certificate: pathlib.Path, tmp_path: pathlib.Path) -> None:
    plant(tmp_path / "copy", USER)
    status, printed = verify(certificate, tmp_path / "copy")
    assert status == 1
    assert len(PLANTED) + 1 >= 50
    assert set(json.loads(printed)["residues"]) == {*PLANTED, f"gold/user_id={USER}/empty"}


def test_what_others_have_is_no_residue(certificate: pathlib.Path, tmp_path: pathlib.Path) -> None:
    plant(tmp_path / "copy", "9c9c9c9c-0000-1111-2222-333344445555")
    status, printed = verify(certificate, tmp_path / "copy")
    assert (status, json.loads(printed)["residues"]) == (0, [])


@pytest.mark.parametrize(
    ("altered", "user", "word"),
    [
        ({"counts_of_this_run": {"bronze_lines": 4}}, USER, "not genuine"),
        ({"signature": "0" * 64}, USER, "not genuine"),
        ({}, OTHER, "another user"),
    ],
    ids=["counts", "signature", "user"],
)
def test_a_certificate_that_was_altered_or_is_of_another_user_is_refused(
    certificate: pathlib.Path, tmp_path: pathlib.Path, altered: dict[str, Any], user: str, word: str
) -> None:
    certificate.write_text(json.dumps({**json.loads(certificate.read_text()), **altered}))
    status, printed = verify(certificate, tmp_path / "copy", user)
    assert status == 1
    assert word in " ".join(printed.split())

"""`insights verify-erasure CERTIFICATE --user ID`: whether a certificate is genuine, and whether anything is left.

With `--key-file` and `--folder` no account is asked: the folder is a copy of what is to be searched, for example of
`aws s3 sync`. Exit status: 0 genuine and nothing is left; 1 not, or messages could not be read.
"""

import json
import pathlib
from collections.abc import Iterator
from typing import Annotated, Any

import boto3
import typer

from api import contract
from api.webhook_contract import FAILURES, QUEUE
from infra.cli.console import print_json
from infra.cli.errors import explain_errors, fail
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson
from infra.cli.residues import count_unread, find_names, list_names, read_bucket, read_queue, read_table
from infra.cli.target import use_local_account
from infra.resource_names import EMAIL_HASH_SECRET, LAYERS, bucket_name
from ingestion.contract import CDC_QUARANTINE
from transforms.silver.certificate import hash_subject, is_genuine

MAX_PRINTED = 100
# with words of users in them; the last one is what waits for its delivery, and each search is one of the five times
# that a message may be received
QUEUES = (CDC_QUARANTINE, FAILURES, QUEUE)


@explain_errors()
def verify_erasure(
    context: typer.Context,
    certificate: Annotated[pathlib.Path, typer.Argument(metavar="CERTIFICATE", help="What `erase-user` has written.")],
    user: Annotated[str, typer.Option("--user", metavar="ID", help="Who was erased.")],
    key_file: Annotated[
        pathlib.Path | None,
        typer.Option(help="The signing key. Without it, the account's secret is read."),
    ] = None,
    folder: Annotated[
        pathlib.Path | None,
        typer.Option(help="A copy to search. Without it, the account's table, buckets and queues are searched."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check an erasure's certificate, and search for whatever is left of the user."""
    if context.obj != "aws" and (key_file is None or folder is None):
        use_local_account(show=False)
    document: dict[str, Any] = json.loads(certificate.read_text())
    key = key_file.read_text().strip().encode() if key_file else _read_key()
    if not is_genuine(key, document):
        fail("the signature is not genuine: the certificate was altered, or signed with another key")
    if document["subject"] != hash_subject(key, user):
        fail("the certificate is of another user")
    names = list_names(user)
    # before the search, which hides messages for a moment
    unread = {} if folder else _count_unread()
    places = _list_files(folder) if folder else _list_places()
    found = sorted({place for place, body in places if find_names(place, body, names)})
    if as_json:
        print_json({"genuine": True, "erased_at": document["erased_at"], "residues": found, "unread": unread})
    else:
        typer.echo(f"the certificate is genuine: erased {document['erased_at']}")
        for place in found[:MAX_PRINTED]:
            typer.echo(f"left: {place}")
        for queue, count in unread.items():
            typer.echo(f"{queue} has {count} messages that are delayed or being worked on: search again in 15 minutes")
        nothing = "nothing is left" if not unread else "nothing was found"
        typer.echo(f"{len(found)} places hold something of the user" if found else nothing)
    raise typer.Exit(ExitCode.FAILED if found or unread else ExitCode.OK)


def _read_key() -> bytes:
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=EMAIL_HASH_SECRET)
    return secret["SecretString"].encode()


def _list_files(folder: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def _list_places() -> Iterator[tuple[str, bytes]]:
    yield from read_table(boto3.client("dynamodb"), contract.TABLE_NAME)
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    account, region = boto3.client("sts").get_caller_identity()["Account"], s3.meta.region_name
    for layer in LAYERS:
        yield from read_bucket(s3, bucket_name(layer, account, region))
    for queue in QUEUES:
        yield from read_queue(sqs, queue)


def _count_unread() -> dict[str, int]:
    """By queue, messages that the search could not read."""
    sqs = boto3.client("sqs")
    found = {queue: count_unread(sqs, queue) for queue in QUEUES}
    return {queue: count for queue, count in found.items() if count}

"""What silver may know of a user: enough to distinguish users and to recognise one's own address, not to read it.

The hash is keyed (HMAC-SHA256, RFC 2104), because without the key an address book could be hashed and compared. It is
computed by Spark's own SHA-256, so that no row visits a Python process, and the key reaches Spark as data, in a
relation of one row, so that no query plan, and so no event log, shows it.
"""

import hashlib
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

BLOCK_BYTES = 64  # of SHA-256
HIDDEN = "***"


def fetch_key(client: "SecretsManagerClient", secret_id: str) -> bytes:
    """The key of the hash, from Secrets Manager: the secret's text in UTF-8."""
    return client.get_secret_value(SecretId=secret_id)["SecretString"].encode()


def derive_pads(key: bytes) -> tuple[bytes, bytes]:
    """RFC 2104's inner and outer padded key: HMAC(m) = SHA256(outer + SHA256(inner + m))."""
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def protect(spark: SparkSession, users: DataFrame, key: bytes) -> DataFrame:
    """`users` with `email` and `name` replaced by what silver may know of them.

    Args:
        spark: the session of `users`.
        users: has the columns `email` and `name`.
        key: of the hash.
    """
    inner, outer = derive_pads(key)
    secret = spark.createDataFrame([(bytearray(inner), bytearray(outer))], "inner_pad binary, outer_pad binary")
    protected = {
        "email_masked": masked_email(sf.col("email")),
        "email_domain": email_domain(sf.col("email")),
        "email_hash": email_hash(sf.col("email"), sf.col("inner_pad"), sf.col("outer_pad")),
        "name_masked": masked_name(sf.col("name")),
    }
    return users.crossJoin(sf.broadcast(secret)).withColumns(protected).drop("email", "name", "inner_pad", "outer_pad")


def masked_email(email: Column) -> Column:
    """First character and domain: `a***@example.com`; without an at sign, the first character alone."""
    return sf.concat(
        sf.substring(email, 1, 1), sf.lit(HIDDEN), sf.coalesce(sf.concat(sf.lit("@"), email_domain(email)), sf.lit(""))
    )


def email_domain(email: Column) -> Column:
    """What follows the last at sign, in lower case; null without one."""
    return sf.when(sf.instr(email, "@") > 0, sf.lower(sf.substring_index(email, "@", -1)))


def email_hash(email: Column, inner_pad: Column, outer_pad: Column) -> Column:
    """HMAC-SHA256 of the address in lower case without surrounding spaces, hexadecimal."""
    message = sf.encode(sf.lower(sf.trim(email)), "UTF-8")
    return sf.sha2(sf.concat(outer_pad, sf.unhex(sf.sha2(sf.concat(inner_pad, message), 256))), 256)


def masked_name(name: Column) -> Column:
    """First character of each word: `A*** L***`."""
    return sf.regexp_replace(name, r"(\S)\S*", f"$1{HIDDEN}")

import hashlib
import hmac
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_secretsmanager import SecretsManagerClient

from transforms.silver.privacy import derive_pads, fetch_key


@given(st.binary(max_size=200), st.text())
def test_the_padded_keys_make_the_standard_hmac(key: bytes, text: str) -> None:
    inner, outer = derive_pads(key)
    message = text.encode("utf-8", "replace")
    made = hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).hexdigest()
    assert made == hmac.new(key, message, hashlib.sha256).hexdigest()


def test_the_key_is_the_secrets_text() -> None:
    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
            return {"todo-email-hash-key": {"SecretString": "schlüssel"}}[SecretId]

    assert fetch_key(cast("SecretsManagerClient", Secrets()), "todo-email-hash-key") == "schlüssel".encode()

"""One POST to a receiver: to the address that was checked, with no redirect, bounded in time and in bytes."""

import dataclasses
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from ingestion.webhooks.targets import Resolve, TargetRefused, choose_address, resolve

TIMEOUT_SECONDS = 5.0
USER_AGENT = "todo-webhooks/1"
# "HTTPS", and nothing older than what AWS's own services take
_MINIMUM_TLS = ssl.TLSVersion.TLSv1_2
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of an attempt.

    Args:
        status: the HTTP status; None when there was none.
        error: why it counts as failed, for the webhook's owner; None when it was delivered.
    """

    status: int | None
    error: str | None = None


class _Connection(http.client.HTTPConnection):
    """A connection to an address instead of a name; the name is what TLS and the header Host are about."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._context = context
        # before a connection there is nothing to abort
        self._aborted = False

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._context:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)

    def abort(self) -> None:
        """End whatever the connection is waiting for: a receiver that sends a byte a second never times out."""
        self._aborted = True
        if self.sock:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    @property
    def aborted(self) -> bool:
        """Whether its time ran out."""
        return self._aborted


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    timeout: float = TIMEOUT_SECONDS,
    resolve: Resolve = resolve,
) -> Answer:
    """Send a request and read the head of the answer; its body is not read.

    Args:
        url: of the webhook, as the API has validated it.
        body: to send.
        headers: to send besides those that HTTP needs.
        allow_private: whether plain HTTP and any address will do, as in the local account.
        timeout: seconds for everything together.
        resolve: gives all addresses of a name.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
    if parts.scheme != "https" and not allow_private:
        return Answer(None, "the address is not HTTPS")
    try:
        address = choose_address(host, port, allow_private=allow_private, resolve=resolve)
    except TargetRefused as refused:
        return Answer(None, str(refused))
    connection = _Connection(host, port, address, _context() if parts.scheme == "https" else None, timeout)
    clock = threading.Timer(timeout, connection.abort)
    clock.daemon = True
    clock.start()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"User-Agent": USER_AGENT, "Connection": "close", **headers})
        status = connection.getresponse().status
        if connection.aborted:
            # http.client takes the end of the connection for the end of the headers
            raise TimeoutError
    except Exception as error:  # whatever a receiver does is its failure, not the function's
        return Answer(None, _describe(error, connection.aborted, timeout))
    finally:
        clock.cancel()
        connection.close()
    if 200 <= status < 300:
        return Answer(status)
    if 300 <= status < 400:
        return Answer(status, f"the receiver answered {status}; redirects are not followed")
    return Answer(status, f"the receiver answered {status}")


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = _MINIMUM_TLS
    return context


def _describe(error: Exception, aborted: bool, timeout: float) -> str:
    if aborted or isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "TLS could not be agreed on"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, http.client.HTTPException):
        return "the answer is no HTTP"
    return "the connection was lost or could not be made"

"""Which addresses a webhook may lead to: a name is resolved once, and what was checked is what is connected to.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import ipaddress
import socket
from collections.abc import Callable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
# "IETF Protocol Assignments", and what a gateway would translate to IPv4: RFC 6890, RFC 6052, RFC 8215
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")))


class TargetRefused(Exception):  # noqa: N818 - an outcome, not a fault
    """A receiver cannot be contacted; the text says why, for the webhook's owner."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, in the resolver's order.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the public Internet, and has no IPv4 address in it that leads elsewhere.

    Private, loopback, link-local, metadata (169.254.169.254, fd00:ec2::254), shared, reserved, multicast and
    unspecified addresses are not: https://www.iana.org/assignments/iana-ipv4-special-registry
    """
    try:
        parsed: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(parsed.version == network.version and parsed in network for network in _NOT_PUBLIC):
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (
        parsed.ipv4_mapped or parsed.sixtofour or parsed.teredo or parsed.is_site_local
    ):
        return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


def choose_address(host: str, port: int, *, allow_private: bool, resolve: Resolve = resolve) -> str:
    """The address to connect to.

    Args:
        host: from the webhook's URL.
        port: the same.
        allow_private: whether any address will do, as in the local account.
        resolve: gives all addresses of a name.

    Raises:
        TargetRefused: the name has no address, or one that is not public. One is enough: who publishes a private
            address beside a public one means no good.
    """
    try:
        addresses = resolve(host, port)
    except OSError:
        addresses = []
    if not addresses:
        raise TargetRefused("the name does not resolve")
    if not allow_private and not all(map(is_public, addresses)):
        raise TargetRefused("the name leads to an address that is not public")
    return addresses[0]

"""TCP ports on this machine."""

import socket


def is_port_taken(port: int) -> bool:
    """Whether something on 127.0.0.1 listens on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

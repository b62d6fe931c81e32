"""A port of loopback that nobody listens on at this moment."""

import socket


def free_port() -> int:
    """The number of the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

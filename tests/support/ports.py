"""Ports of this machine."""

import socket


def free_port():
    """Return a port that no program uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]

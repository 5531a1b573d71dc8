"""The addresses that a local web server listens at, and the hosts that requests may name."""

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.datastructures import Headers

from sentiment.errors import ConfigError

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
ALL_INTERFACES = ("0.0.0.0", "::")
HOST_PATTERN = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]")


def trusted_hosts(host: str, allowed_hosts: Sequence[str]) -> list[str]:
    """Return the hosts that requests may name, as `TrustedHostMiddleware` expects them.

    Args:
        host: address that the server listens at.
        allowed_hosts: other names and addresses: "*" is any of them, "*.example.com" each
            subdomain.

    Raises:
        ConfigError: a value of `allowed_hosts` is no host.
    """
    return [*LOOPBACK_HOSTS, in_url(host), *map(check_host, allowed_hosts)]


def in_url(host: str) -> str:
    """Return a host as it is written in a URL: an IPv6 address is in brackets."""
    return f"[{host}]" if ":" in host else host


def check_host(host: str) -> str:
    """Return an allowed host as `TrustedHostMiddleware` expects it.

    Raises:
        ConfigError: `host` is no host.
    """
    pattern = in_url(host) if host.count(":") > 1 and not host.startswith("[") else host
    if not HOST_PATTERN.fullmatch(pattern):
        raise ConfigError(
            f"allowed_hosts: {host!r} is no host. Give a name or an address without a port, "
            "'*.example.com' or '*'."
        )
    return pattern


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens at an address.

    Raises:
        ConfigError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        created = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"Cannot serve at {host}, port {port}: another program uses the port, or this machine "
            "does not have the address. Choose another port or host."
        ) from error
    # asyncio sets TCP_NODELAY, without which each response may wait 40 ms for an acknowledgement,
    # only if the protocol is named, and `create_server` does not name it.
    with socket.socket(
        family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=created.detach()
    ) as listener:
        yield listener


def address_of(host: str, port: int) -> str:
    """Return the address to open on this machine."""
    name = "localhost" if host in ALL_INTERFACES else in_url(host)
    return f"http://{name}:{port}/"


def is_same_origin(headers: Headers) -> bool:
    """Return whether the page that sends the request is from the host that it is sent to."""
    return headers["origin"].partition("://")[2].lower() == headers.get("host", "").lower()

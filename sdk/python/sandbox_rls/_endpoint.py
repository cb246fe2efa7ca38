# SPDX-License-Identifier: MIT
"""Where the server is, and how to be let in."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyqwest import HTTPVersion, Proxy

from .exceptions import InvalidConfigurationError

DEFAULT_ENDPOINT = "localhost:9000"
_DEFAULT_PORT = 9000

# Another machine cannot reach this one's loopback, whatever $HTTP_PROXY says.
_NO_PROXY = Proxy("http://localhost", no_proxy="localhost,127.0.0.0/8,::1")

# A certificate or a key: the PEM text itself, or the file that it is in.
PEM = bytes | str | os.PathLike[str]


@dataclass(frozen=True)
class Endpoint:
    """An address with all that a connection to it needs."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    transport: dict[str, Any] = field(default_factory=dict, repr=False)
    """The arguments of the HTTP transport."""


def resolve(
    endpoint: str | None,
    *,
    secure: bool,
    token: str | None,
    ca_cert: PEM | None,
    client_cert: PEM | None,
    client_key: PEM | None,
    connect_timeout: float,
) -> Endpoint:
    """Find out what an endpoint means. None: what the environment says.

    SANDBOX_ENDPOINT and SANDBOX_TOKEN stand in for what is not given.
    """
    given = endpoint or os.environ.get("SANDBOX_ENDPOINT") or DEFAULT_ENDPOINT
    token = token or os.environ.get("SANDBOX_TOKEN")
    scheme, explicit, host, authority = _split(given, secure)
    # No server of this protocol sends its clients elsewhere, with what they have uploaded.
    transport: dict[str, Any] = {"connect_timeout": connect_timeout, "follow_redirects": False}
    if _is_loopback(host):
        transport["proxy"] = _NO_PROXY
    if scheme == "https":
        transport["tls_include_system_certs"] = ca_cert is None
        for name, pem in (("ca_cert", ca_cert), ("cert", client_cert), ("key", client_key)):
            if pem is not None:
                transport["tls_" + name] = _read(pem)
    else:
        if ca_cert or client_cert or client_key:
            raise InvalidConfigurationError(f"certificates make no sense without TLS: {given!r}")
        if token and not explicit and not _is_loopback(host):
            raise InvalidConfigurationError(
                f"a token would be sent to {given!r} without TLS: give secure=True, "
                "or an endpoint that begins with http:// if that is meant"
            )
        # The server takes HTTP/2 without TLS, and one connection then carries all calls.
        transport["http_version"] = HTTPVersion.HTTP2
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Endpoint(f"{scheme}://{authority}", headers, transport)


def _split(given: str, secure: bool) -> tuple[str, bool, str, str]:
    """Return the scheme, whether it was given, the host, and the host with the port."""
    scheme, separator, _ = given.partition("://")
    if given.startswith(("unix:", "/")):
        raise InvalidConfigurationError(
            f"the HTTP library of this package cannot use unix sockets: {given!r}; "
            "let the server listen at 127.0.0.1"
        )
    explicit = bool(separator)
    if not explicit:
        scheme = "https" if secure else "http"
    elif scheme not in ("http", "https"):
        raise InvalidConfigurationError(f"an endpoint is host:port, http:// or https://: {given!r}")
    try:
        url = urlsplit(given if explicit else f"{scheme}://{given}")
        host, port = url.hostname, url.port
    except ValueError as e:
        raise InvalidConfigurationError(f"not an endpoint: {given!r}: {e}") from None
    if not host or url.username is not None or url.path not in ("", "/") or url.query:
        raise InvalidConfigurationError(f"not an endpoint: {given!r}")
    if explicit and scheme == "http" and secure:
        raise InvalidConfigurationError(f"secure=True contradicts {given!r}")
    if port is None and not explicit:
        port = _DEFAULT_PORT
    authority = f"[{host}]" if ":" in host else host
    return scheme, explicit, host, authority if port is None else f"{authority}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(pem: PEM) -> bytes:
    if isinstance(pem, bytes):
        return pem
    if isinstance(pem, str) and "-----BEGIN" in pem:
        return pem.encode()
    return Path(pem).read_bytes()

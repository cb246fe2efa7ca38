# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox_rls import InvalidConfigurationError, SandboxClient
from sandbox_rls._endpoint import Endpoint, resolve


def of(endpoint: str | None, **options: Any) -> Endpoint:
    defaults: dict[str, Any] = {
        "secure": False,
        "token": None,
        "ca_cert": None,
        "client_cert": None,
        "client_key": None,
        "connect_timeout": 1.0,
    }
    return resolve(endpoint, **{**defaults, **options})


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_ENDPOINT", raising=False)
    monkeypatch.delenv("SANDBOX_TOKEN", raising=False)


@pytest.mark.parametrize(
    ("given", "secure", "url"),
    [
        (None, False, "http://localhost:9000"),
        ("localhost:9000", False, "http://localhost:9000"),
        ("box", False, "http://box:9000"),
        ("box:1", True, "https://box:1"),
        ("[::1]:7", False, "http://[::1]:7"),
        ("http://box", False, "http://box"),
        ("http://box:80/", False, "http://box:80"),
        ("https://box", False, "https://box"),
        ("https://box:8443", True, "https://box:8443"),
    ],
)
def test_endpoints(given: str | None, secure: bool, url: str) -> None:
    assert of(given, secure=secure).url == url


@pytest.mark.parametrize(
    "given",
    [
        "unix:/run/s.sock",
        "unix:///run/s.sock",
        "/run/s.sock",
        "ftp://box",
        "http://",
        "box:port",
        "box:99999",
        "http://box/path",
        "http://me:secret@box",
        "http://box?x=1",
        ":9000",
    ],
)
def test_what_is_no_endpoint(given: str) -> None:
    with pytest.raises(InvalidConfigurationError):
        of(given)


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_ENDPOINT", "https://there")
    monkeypatch.setenv("SANDBOX_TOKEN", "t")
    endpoint = of(None)
    assert (endpoint.url, endpoint.headers) == ("https://there", {"authorization": "Bearer t"})
    assert of("http://here", token="u").headers == {"authorization": "Bearer u"}
    assert "Bearer" not in repr(endpoint)


def test_a_token_is_not_sent_in_the_clear_by_accident() -> None:
    with pytest.raises(InvalidConfigurationError, match="without TLS"):
        of("box:9000", token="t")
    for given in ("localhost:1", "127.0.0.1:1", "[::1]:1", "http://box", "https://box"):
        assert of(given, token="t").headers


def test_certificates(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(b"-----BEGIN X")
    assert of("https://box").transport["tls_include_system_certs"]
    for ca in (file, str(file), "-----BEGIN X", b"-----BEGIN X"):
        transport = of("https://box", ca_cert=ca).transport
        assert transport["tls_ca_cert"] == b"-----BEGIN X"
        assert not transport["tls_include_system_certs"]
    with pytest.raises(InvalidConfigurationError, match="without TLS"):
        of("box", ca_cert=file)
    with pytest.raises(InvalidConfigurationError, match="contradicts"):
        of("http://box", secure=True)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_comes_between_programs_of_one_machine(
    endpoint: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    port = endpoint.rpartition(":")[2]
    for address in (endpoint, f"localhost:{port}", f"http://localhost:{port}"):
        with SandboxClient(address) as client:
            client.list_sandboxes()

"""A real OpenID provider as a process of its own, for tests that sign in there."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from tests.server import PATIENCE_S, free_port

NAMES = ("Zhang Wei", "zhang.wei@example.cn")


@contextmanager
def providing(
    *accounts: str, port: int | None = None, claims: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[str]:
    """Its issuer, for the length of the block; each account has a subject `sub-NAME` there.

    Args:
        claims: further subjects, and what is said of each.
    """
    port = port or free_port()
    words = ["--port", str(port), "--require-nonce"]
    everybody = {f"sub-{name}": {"preferred_username": name} for name in accounts}
    for subject, said in (everybody | dict(claims or {})).items():
        known = {"sub": subject, "name": NAMES[0], "email": NAMES[1], **said}
        words += ["--user-claims", json.dumps(known)]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(issuer, process)
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def _wait_until_ready(issuer: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{issuer}/.well-known/openid-configuration").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the provider did not come up")


def agree(address: str, sub: str) -> str:
    """Sign in there as that subject and agree: the address to which the browser is sent back."""
    return _answer(address, {"sub": sub})


def refuse(address: str) -> str:
    """Refuse there: the address to which the browser is sent back."""
    return _answer(address, {"action": "deny"})


def _answer(address: str, form: dict[str, str]) -> str:
    answer = httpx.post(address, data=form)
    assert answer.is_redirect, answer.text
    return str(answer.headers["location"])


class Silent:
    """A provider that takes every connection, and never says anything.

    Attributes:
        issuer: its address.
        asked: how many connections it was asked over.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self.issuer = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._take, daemon=True)

    def __enter__(self) -> "Silent":
        self._thread.start()
        return self

    def __exit__(self, *given: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for line in self._taken:
            line.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._taken.append(self._listener.accept()[0])
                self.asked += 1

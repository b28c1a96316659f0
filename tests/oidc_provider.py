"""A real OpenID provider as a process of its own, for tests that sign in there."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.server import PATIENCE_S, free_port

NAMES = ("Zhang Wei", "zhang.wei@example.cn")


@contextmanager
def providing(*accounts: str, port: int | None = None) -> Iterator[str]:
    """Its issuer, for the length of the block; each account has a subject `sub-NAME` there."""
    port = port or free_port()
    words = ["--port", str(port), "--require-nonce"]
    for name in accounts:
        claims = {"sub": f"sub-{name}", "preferred_username": name, "name": NAMES[0]}
        words += ["--user-claims", json.dumps(claims | {"email": NAMES[1]})]
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

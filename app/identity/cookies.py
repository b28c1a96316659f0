"""The cookies: one that carries the session token, and one for the way to a provider and back."""

from starlette.responses import Response

PLAIN = "minqing"
# A browser takes this name only with Secure, without Domain and for the whole host.
HOST_ONLY = "__Host-minqing"


def cookie_name(scheme: str) -> str:
    """Its name: host-only over https; plain over http, which reaches loopback only."""
    return HOST_ONLY if scheme == "https" else PLAIN


def oidc_cookie_name(scheme: str) -> str:
    """That of an attempt to sign in at a provider: only over https where that is."""
    return "__Secure-minqing-oidc" if scheme == "https" else "minqing-oidc"


def read_cookie(header: str, wanted: str) -> str | None:
    """The value of a cookie in a Cookie header; None without one."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted and value:
            return value
    return None


def set_session_cookie(response: Response, token: str, scheme: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(scheme), token, path="/", httponly=True, samesite="lax",
        secure=scheme == "https",
    )  # fmt: skip

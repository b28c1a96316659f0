"""The cookie that carries the session token."""

PLAIN = "minqing"
# A browser takes this name only with Secure, without Domain and for the whole host.
HOST_ONLY = "__Host-minqing"


def cookie_name(scheme: str) -> str:
    """Its name: host-only over https; plain over http, which reaches loopback only."""
    return HOST_ONLY if scheme == "https" else PLAIN


def read_cookie(header: str, scheme: str) -> str | None:
    """The token in a Cookie header; None without one."""
    wanted = cookie_name(scheme)
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted and value:
            return value
    return None

"""The cookies: one that carries the session token, one for the way to a provider and back, and one
for each account that has signed in with the browser (`seen_here`)."""

import hashlib
from dataclasses import dataclass

from starlette.responses import Response

from app.core.settings import Settings
from app.identity.seen_here import LASTING_DAYS, SECONDS_PER_DAY

PLAIN = "minqing"
# A browser takes this name only with Secure, without Domain and for the whole host.
HOST_ONLY = "__Host-minqing"
# And this one only with Secure: where the name of the host is shared with others, by path.
SECURE = "__Secure-minqing"
WAY_BACK = "/api/v1/session/oidc"
SIGN_IN = "/api/v1/session"


@dataclass(frozen=True)
class Cookies:
    """How browsers are given cookies.

    Attributes:
        is_secure: whether they come back over https alone.
        path: of the public address, without a slash at its end; empty for the whole host.
    """

    is_secure: bool
    path: str = ""

    @property
    def session(self) -> str:
        """The name of the session's: host-only over https where the host is ours alone."""
        if not self.is_secure:
            return PLAIN
        return SECURE if self.path else HOST_ONLY

    @property
    def oidc(self) -> str:
        """That of an attempt to sign in at a provider."""
        return "__Secure-minqing-oidc" if self.is_secure else "minqing-oidc"

    def token_in(self, header: str) -> str | None:
        """The session token in a Cookie header; None without one."""
        return read_cookie(header, self.session)

    def set_session(self, response: Response, token: str, lasting_s: int | None = None) -> None:
        """Give the browser its session, for so many seconds; None: until it is closed."""
        response.set_cookie(
            self.session,
            token,
            max_age=lasting_s,
            path=f"{self.path}/",
            httponly=True,
            samesite="lax",
            secure=self.is_secure,
        )

    def end_session(self, response: Response) -> None:
        """Take the session from the browser."""
        response.delete_cookie(
            self.session, path=f"{self.path}/", httponly=True, samesite="lax", secure=self.is_secure
        )

    def _seen(self, account: str) -> str:
        # Several posts share a desk. The name tells whose it is to nobody who does not know it.
        which = hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()[:8]
        return f"{'__Secure-' if self.is_secure else ''}minqing-seen-{which}"

    def seen_in(self, header: str, account: str) -> str | None:
        """What says that an account has signed in with this browser; None without it."""
        return read_cookie(header, self._seen(account))

    def set_seen(self, response: Response, account: str, value: str) -> None:
        """Have the browser say so from now on."""
        response.set_cookie(
            self._seen(account),
            value,
            max_age=LASTING_DAYS * SECONDS_PER_DAY,
            path=f"{self.path}{SIGN_IN}",
            httponly=True,
            samesite="strict",
            secure=self.is_secure,
        )

    def set_oidc(self, response: Response, attempt: str, lasting_s: int) -> None:
        """Give the browser an attempt to sign in at a provider."""
        response.set_cookie(
            self.oidc,
            attempt,
            max_age=lasting_s,
            path=f"{self.path}{WAY_BACK}",
            httponly=True,
            samesite="lax",
            secure=self.is_secure,
        )

    def end_oidc(self, response: Response) -> None:
        """Take that attempt from the browser."""
        response.delete_cookie(
            self.oidc,
            path=f"{self.path}{WAY_BACK}",
            httponly=True,
            samesite="lax",
            secure=self.is_secure,
        )


def cookies_of(settings: Settings, scheme: str) -> Cookies:
    """As the public address says; without one as the request came (`scheme`: http or https)."""
    if settings.public_url is not None:
        scheme = settings.public_url.partition(":")[0]
    return Cookies(scheme.lower() == "https", settings.public_path)


def read_cookie(header: str, wanted: str) -> str | None:
    """The value of a cookie in a Cookie header; None without one."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted and value:
            return value
    return None

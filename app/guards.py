"""What stands in front of every path: who may call this host, and what browsers may do with us."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import MEDIA_TYPE, size_text
from app.core.settings import Settings

# Behind sign-in. Everything else is the page's own files, health and documentation: nothing of the
# city.
GUARDED = ("/api/", "/tiles/", "/heat/", "/ogc/")
PUBLIC_DOCUMENT = "/api/v1/openapi.json"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Where the name is ours alone: what we say counts for the whole of it, and for a year.
HTTPS_ALONE = {"Strict-Transport-Security": "max-age=31536000"}
MAX_BODY_BYTES = 64 * 1024
MOST_WORDS = 100
"""In the query of an address."""


class LargeBody(NamedTuple):
    """Paths that take a file or much else: how much of it, and by which operation.

    A body is read before its route is asked who may do that, so the guard in front of it asks.
    """

    path: re.Pattern[str]
    most_bytes: int
    operation: str


LARGE_BODIES = (
    LargeBody(re.compile(r"/api/v1/incidents/batch"), 2**20, "report_incidents"),
    LargeBody(
        re.compile(r"/api/v1/incidents/[^/]+/attachments"),
        12 * 2**20 + MAX_BODY_BYTES,
        "add_attachment",
    ),
    LargeBody(
        re.compile(r"/api/v1/standard(/preview)?"), 4 * 2**20 + MAX_BODY_BYTES, "publish_standard"
    ),
    LargeBody(
        re.compile(r"/api/v1/users/sheet(/preview)?"), 4 * 2**20 + MAX_BODY_BYTES, "take_user_sheet"
    ),
    LargeBody(re.compile(r"/api/v1/plans/imports"), 64 * 2**20 + MAX_BODY_BYTES, "import_plan"),
    # 20,000 units with their cells.
    LargeBody(re.compile(r"/api/v1/plans/[^/]+/edits"), 2 * 2**20, "edit_plan"),
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def loopback_hosts(settings: Settings) -> frozenset[str]:
    """Host names under which this server may be called, without ports.

    Another name would mean a page of somebody else's that has rebound its DNS to us.
    """
    named = {urlsplit(settings.public_url).hostname or ""} if settings.public_url else set()
    return LOOPBACK | {settings.host.lower()} | named


def host_name(host: str) -> str:
    """The name in a Host header in small letters, without its port or brackets."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def is_own_origin(origin: str, host: str, public_origin: str | None) -> bool:
    """Whether a page that says it comes from `origin` is one of ours.

    Its scheme is not compared where no public address is set: whoever ends TLS in front of us alone
    knows it.

    Args:
        origin: as the browser writes it; `null` for a page that hides it.
        host: the Host header of the same request, one of our own names.
        public_origin: of the public address, where there is one.
    """
    scheme, _, rest = origin.lower().partition("://")
    return origin.lower() == public_origin or (scheme in ("http", "https") and rest == host.lower())


class UnderPath:
    """ASGI middleware for a server that shares its name with others: what is asked under its path
    is served as if it had the name to itself. A proxy in front may take the path off, or leave it.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = scope.get("path", "")
        if scope["type"] == "http" and asked == self.path:
            to_page = RedirectResponse(f"{self.path}/", 308)
            await to_page(scope, receive, send)
            return
        if scope["type"] == "http" and asked.startswith(f"{self.path}/"):
            raw = scope.get("raw_path") or asked.encode()
            left = {"path": asked[len(self.path) :], "raw_path": raw[len(self.path) :]}
            scope = {**scope, **left}
        await self.app(scope, receive, send)


class SecurityHeaders:
    """Refuses strange hosts and cross-site writes; adds the protective headers to all answers, and
    has what is behind sign-in kept by nobody, unless its route says how it may be."""

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: frozenset[str],
        public_origin: str | None = None,
        *,
        is_https_alone: bool = False,
    ) -> None:
        self.app = app
        self.allowed_hosts = allowed_hosts
        self.public_origin = public_origin
        self.headers = HEADERS | (HTTPS_ALONE if is_https_alone else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        path = scope["path"]
        is_private = path.startswith(GUARDED) and path != PUBLIC_DOCUMENT

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if is_private:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        app = refusal or self.app
        await app(scope, _counted(receive, most_bytes(path)), send_with_headers)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if host_name(headers.get("host", "")) not in self.allowed_hosts:
            return _refuse(scope, 400, "bad-host", "Host", "is not a name of this server")
        cross_site = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if scope["method"] not in SAFE_METHODS and cross_site:
            return _refuse(scope, 403, "cross-site", "Sec-Fetch-Site", "writes come from our page")
        origin = headers.get("origin")
        is_foreign = origin is not None and not is_own_origin(
            origin, headers.get("host", ""), self.public_origin
        )
        if scope["method"] not in SAFE_METHODS and is_foreign:
            return _refuse(scope, 403, "cross-site", "Origin", "writes come from our page")
        # Each word that no path knows is a refusal of its own, written before they are counted.
        if scope["query_string"].count(b"&") >= MOST_WORDS:
            too_many = f"names more than {MOST_WORDS} words"
            return _refuse(scope, 422, "invalid-input", "query", too_many)
        # A body without a length is counted while it is read.
        length = headers.get("content-length", "0")
        most = most_bytes(scope["path"])
        if not length.isdecimal() or int(length[:20]) > most:
            too_long = f"is longer than {size_text(most)}"
            return _refuse(scope, 413, "content-too-large", "body", too_long)
        return None


def most_bytes(path: str) -> int:
    """How long a body may be on a path."""
    large = large_body(path)
    return MAX_BODY_BYTES if large is None else large.most_bytes


def large_body(path: str) -> LargeBody | None:
    """What is said of the large bodies of a path; None where it takes none."""
    return next((one for one in LARGE_BODIES if one.path.fullmatch(path)), None)


def _counted(receive: Receive, most: int) -> Receive:
    """`receive`, giving up when more than `most` bytes of one body have come."""
    so_far = 0

    async def counting() -> Message:
        nonlocal so_far
        message = await receive()
        so_far += len(message.get("body", b""))
        if so_far > most:
            raise HTTPException(413, f"is longer than {size_text(most)}")
        return message

    return counting


def _refuse(scope: Scope, status: int, slug: str, field: str, message: str) -> JSONResponse:
    body = {
        "type": f"/problems/{slug}",
        "title": "Refused",
        "status": status,
        "detail": f"{field}: {message}",
        "errors": [{"field": field, "message": message}],
        "instance": scope["path"],
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)

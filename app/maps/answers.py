"""Ready answers: bytes with their ETag, kept compressed, sent without any framework between."""

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from starlette.types import Scope, Send

MVT = "application/vnd.mapbox-vector-tile"
PNG = "image/png"
GEOJSON = "application/geo+json"
JSON = "application/json"
FOR_EVER = b"private, max-age=31536000, immutable"
REVALIDATE = b"private, no-cache"
SMALL_BYTES = 400  # below this, compressing adds more than it takes


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer that can be sent any number of times. An empty body is sent as 204.

    Attributes:
        body: as it is kept, compressed with gzip where `gzipped`.
        etag: weak, from the content: another time, process or compression gives the same one.
        headers: of its own, beside type, length, ETag and caching.
    """

    media_type: str
    body: bytes
    gzipped: bool
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of(
        cls, media_type: str, body: bytes, headers: dict[str, str] | None = None, level: int = 6
    ) -> Self:
        """An answer with this body, compressed if that helps.

        Args:
            media_type: PNG is left as it is.
            body: as the client is to see it.
            headers: further headers, part of what the ETag stands for.
            level: of gzip, 1 to 9.
        """
        extra = tuple((k.lower().encode(), v.encode()) for k, v in (headers or {}).items())
        digest = blake2b(body, digest_size=12)
        digest.update(repr(extra).encode())
        gzipped = media_type != PNG and len(body) > SMALL_BYTES
        kept = gzip.compress(body, level, mtime=0) if gzipped else body
        return cls(media_type, kept, gzipped, f'W/"{digest.hexdigest()}"'.encode(), extra)

    @property
    def size_bytes(self) -> int:
        """Bytes of the body as kept."""
        return len(self.body)

    async def send(self, scope: Scope, send: Send, caching: bytes) -> None:
        """Answer one request, with as little as its conditions allow."""
        asked = request_headers(scope)
        headers = [(b"cache-control", caching), (b"vary", b"Accept-Encoding"), *self.headers]
        if not self.body:
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers.append((b"etag", self.etag))
        if is_known(asked.get(b"if-none-match"), self.etag):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = self.body
        if self.gzipped:
            if accepts_gzip(asked.get(b"accept-encoding")):
                headers.append((b"content-encoding", b"gzip"))
            else:
                body = gzip.decompress(body)
        headers.append((b"content-type", self.media_type.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown})


def request_headers(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers; of a repeated one the last."""
    return dict(scope["headers"])


def accepts_gzip(header: bytes | None) -> bool:
    """Whether an Accept-Encoding header takes gzip."""
    for part in (header or b"").lower().split(b","):
        name, _, weight = part.strip().partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def is_known(header: bytes | None, etag: bytes) -> bool:
    """Whether an If-None-Match header names the ETag (compared weakly)."""
    if header is None:
        return False
    wanted = etag.removeprefix(b"W/")
    given = (part.strip().removeprefix(b"W/") for part in header.split(b","))
    return any(part in (wanted, b"*") for part in given)

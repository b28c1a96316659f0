"""Ready answers: bytes with their ETag, kept compressed, sent without any framework between."""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import ParamSpec, Self, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope, Send

MVT = "application/vnd.mapbox-vector-tile"
PNG = "image/png"
GEOJSON = "application/geo+json"
JSON = "application/json"
FOR_EVER = b"private, max-age=31536000, immutable"
REVALIDATE = b"private, no-cache"
SMALL_BYTES = 400  # below this, compressing adds more than it takes
CHUNK_BYTES = 256_000
GZIP_WBITS = 31  # zlib's word for the format of gzip

Given = ParamSpec("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer that can be sent any number of times. An empty body is sent as 204.

    Attributes:
        body: as it is kept, compressed with gzip where `gzipped`.
        etag: weak, from the content: another time, process or compression gives the same one;
            or from a key that changes before the content does (`under`).
        plain_bytes: length of the body before it was compressed.
        headers: of its own, beside type, length, ETag and caching.
    """

    media_type: str
    body: bytes
    gzipped: bool
    etag: bytes
    plain_bytes: int
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
        return cls.of_pieces(media_type, [body], headers, level)

    @classmethod
    def of_pieces(
        cls,
        media_type: str,
        pieces: Iterable[bytes],
        headers: dict[str, str] | None = None,
        level: int = 6,
    ) -> Self:
        """As `of`, for a body that comes in pieces and is never held uncompressed as a whole."""
        extra = tuple((k.lower().encode(), v.encode()) for k, v in (headers or {}).items())
        digest = _digest(extra)
        packer = zlib.compressobj(level, wbits=GZIP_WBITS)
        plain, packed, plain_bytes = [b""], [], 0
        for piece in pieces:
            digest.update(piece)
            plain_bytes += len(piece)
            if media_type == PNG or plain_bytes <= SMALL_BYTES:
                plain.append(piece)
            packed.append(packer.compress(piece))
        gzipped = media_type != PNG and plain_bytes > SMALL_BYTES
        body = b"".join([*packed, packer.flush()]) if gzipped else b"".join(plain)
        return cls(media_type, body, gzipped, _etag(digest), plain_bytes, extra)

    @classmethod
    def unchanged(cls, media_type: str, etag: bytes) -> Self:
        """An answer to whoever holds what the ETag stands for: to them alone it can be sent."""
        return cls(media_type, b" ", False, etag, 1)

    def under(self, etag: bytes) -> Self:
        """The same under another ETag: one that was known before the body was made."""
        return replace(self, etag=etag)

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
        packed = self.gzipped and accepts_gzip(asked.get(b"accept-encoding"))
        if packed:
            headers.append((b"content-encoding", b"gzip"))
        length = len(self.body) if packed else self.plain_bytes
        headers.append((b"content-type", self.media_type.encode()))
        headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] != "HEAD" and self.gzipped and not packed:
            for piece in _unpacked(self.body):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        shown = self.body if scope["method"] != "HEAD" and packed == self.gzipped else b""
        await send({"type": "http.response.body", "body": shown})


def _unpacked(body: bytes) -> Iterator[bytes]:
    """The body in pieces: a client without gzip must not cost us the whole of it at once."""
    unpacker = zlib.decompressobj(GZIP_WBITS)
    while not unpacker.eof:
        yield unpacker.decompress(body, CHUNK_BYTES)
        body = unpacker.unconsumed_tail


async def in_thread(work: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs) -> Made:
    """The result of work that would hold up the event loop."""
    return await asyncio.to_thread(work, *args, **kwargs)


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


def model_answer(request: Request, found: BaseModel) -> Response:
    """What was found as JSON, written by the model itself: as `json_answer`."""
    return json_answer(request, found.model_dump_json().encode())


def json_answer(request: Request, body: bytes, media_type: str = JSON) -> Response:
    """JSON that was written already, with as little as the request's conditions allow."""
    etag = _etag(_digest(()), [body])
    headers = {"ETag": etag.decode(), "Cache-Control": REVALIDATE.decode()}
    headers["Vary"] = "Accept-Encoding"
    # Before anything is compressed: most of those who ask again hold it.
    if is_known(request.headers.get("if-none-match", "").encode(), etag):
        return Response(status_code=304, headers=headers)
    if accepts_gzip(request.headers.get("accept-encoding", "").encode()):
        ready = Ready.of(media_type, body, level=1)
        if ready.gzipped:
            headers["Content-Encoding"] = "gzip"
            body = ready.body
    return Response(body, media_type=media_type, headers=headers)


def _digest(extra: tuple[tuple[bytes, bytes], ...]) -> blake2b:
    return blake2b(repr(extra).encode(), digest_size=12)


def _etag(digest: blake2b, pieces: Iterable[bytes] = ()) -> bytes:
    for piece in pieces:
        digest.update(piece)
    return f'W/"{digest.hexdigest()}"'.encode()

"""Photos of a case: drawn anew, of what scope the case is, and refused where they could harm."""

import io
import struct
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.retention import run_retention
from app.identity.rules import Role
from app.incidents import queries, retention
from app.incidents.attachments import photos
from app.incidents.attachments import queries as attachment_queries
from app.incidents.attachments import rules as attachment_rules
from app.incidents.attachments import service as attachments
from tests import staff
from tests.app.identity.canary import a_case, client_of, places

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F
SECRET = b"a place that nobody may learn"


def painted(width: int = 640, height: int = 480) -> Image.Image:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), (200, 20, 20))
    image.paste((20, 20, 200), (width // 2, 0, width, height))
    return image


def as_file(image: Image.Image, kind: str = "JPEG", **words: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **words)
    return out.getvalue()


def with_metadata() -> bytes:
    """A JPEG as a phone writes it: on its side, with a place, a device and a comment."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned by 90 degrees
    exif[MAKER] = SECRET.decode()
    exif.get_ifd(GPS).update({1: "N", 2: (36.0, 3.0, 7.0), 3: "E", 4: (103.0, 49.0, 1.0)})
    return as_file(painted(), exif=exif, comment=SECRET, icc_profile=SECRET)


class Desk:
    """A client and a case to which photos are added."""

    def __init__(self, client: TestClient, case: dict[str, Any]) -> None:
        self.client, self.case = client, case
        self.path = f"/api/v1/incidents/{case['id']}/attachments"

    def add(self, content: bytes, kind: str = "before", name: str = "x.jpg") -> Any:
        """Send a file."""
        files = {"file": (name, content, "image/jpeg")}
        return self.client.post(self.path, data={"kind": kind}, files=files)

    def refusal(self, content: bytes) -> str:
        """What is said to a file that is not taken."""
        answer = self.add(content)
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["field"] == "file"
        return str(error["message"])


@pytest.fixture
def desk(own_context: Context, own_client: TestClient) -> Iterator[Desk]:
    """A case in one community."""
    engine = own_context.engine
    body = a_case(places(engine)["own"], engine, "井盖缺失")
    answer = own_client.post("/api/v1/incidents", json=body)
    assert answer.status_code == 201, answer.text
    yield Desk(own_client, answer.json())


def test_a_photo_is_drawn_anew(desk: Desk) -> None:
    """Upright, small, a JPEG, and nothing of what the camera wrote."""
    sent = with_metadata() + SECRET
    answer = desk.add(sent, "near")
    assert answer.status_code == 201, answer.text
    photo = answer.json()
    assert (photo["kind"], photo["width"], photo["height"]) == ("near", 480, 640)
    full = desk.client.get(photo["url"])
    assert full.headers["content-type"] == "image/jpeg"
    assert full.headers["cache-control"] == "private, no-store"
    assert full.headers["x-content-type-options"] == "nosniff"
    assert len(full.content) == photo["bytes"]
    thumb = desk.client.get(photo["thumb_url"])
    for content, longest in ((full.content, 640), (thumb.content, 320)):
        image = Image.open(io.BytesIO(content))
        assert (image.format, max(image.size)) == ("JPEG", longest)
        assert not image.getexif() and not set(image.info) - {"jfif", "jfif_version", "jfif_unit",
                                                              "jfif_density"}  # fmt: skip
        assert SECRET not in content and b"Exif" not in content
        # Turned: what was left is now on top.
        top, bottom = (image.getpixel((image.width // 2, y)) for y in (5, image.height - 5))
        assert isinstance(top, tuple) and isinstance(bottom, tuple)
        assert top[0] > 150 > bottom[0]
    listed = desk.client.get(desk.path).json()
    assert listed == {"total": 1, "total_is_exact": True, "items": [photo], "next": None}
    detail = desk.client.get(f"/api/v1/incidents/{desk.case['id']}").json()
    assert detail["attachments"] == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_become_jpeg(desk: Desk, kind: str) -> None:
    """What is see-through stands on white; a large one becomes smaller."""
    image = Image.new("RGBA", (3_000, 1_000), (0, 0, 0, 0))
    photo = desk.add(as_file(image, kind)).json()
    assert (photo["width"], photo["height"]) == (1_600, 533)
    shown = Image.open(io.BytesIO(desk.client.get(photo["url"]).content))
    assert shown.getpixel((9, 9)) == (255, 255, 255)


def bomb(side: int) -> bytes:
    """A PNG of a few hundred KiB that says it has `side` x `side` pixels, and has them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    rows = zlib.compressobj(9)
    row = b"\0" + bytes(side // 8 + 1)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bomb(15_000), "pixels"),
        (bomb(60_000), "pixels"),
        (SVG, "no JPEG"),
        (b'<?xml version="1.0"?>' + SVG, "no JPEG"),
        (b"GIF89a" + bytes(40), "no JPEG"),
        (b"%PDF-1.7\n" + as_file(painted(64, 64)), "no JPEG"),
        (b"<html><script>alert(1)</script>" + as_file(painted(64, 64)), "no JPEG"),
        (b"PK\x03\x04" + bytes(99), "no JPEG"),
        (as_file(painted(64, 64), "TIFF"), "no JPEG"),
        (b"", "no JPEG"),
        (as_file(painted())[:2_000], "damaged"),
        (as_file(painted(), "PNG")[:200], "damaged"),
    ],
    ids=["bomb", "large bomb", "svg", "xml", "gif", "pdf", "html", "zip", "tiff", "empty", "cut",
         "cut png"],
)  # fmt: skip
def test_what_is_no_photo_is_refused(desk: Desk, content: bytes, said: str) -> None:
    """By its content, whatever it is called; nothing is kept."""
    assert said in desk.refusal(content)
    assert desk.client.get(desk.path).json()["total"] == 0


def test_a_second_file_behind_the_photo_is_left_behind(desk: Desk) -> None:
    """A picture that is a page or an archive as well comes out as a picture alone."""
    html = b"<html><script>alert(1)</script>"
    photo = desk.add(as_file(painted(), comment=html) + html + b"PK\x03\x04" + SECRET).json()
    content = desk.client.get(photo["url"]).content
    assert b"script" not in content and b"PK\x03\x04" not in content
    assert content.endswith(b"\xff\xd9")


def test_a_file_that_is_too_long_is_refused_before_it_is_read(desk: Desk) -> None:
    """By what it says of its length, and by counting where it says nothing."""
    answer = desk.add(bytes(attachment_rules.MOST_BYTES + 2**20))
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["message"] == "is longer than 12 MiB"
    head = (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n")  # fmt: skip
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield head
        while sent < 64:
            sent += 1
            yield bytes(2**20)

    answer = desk.client.post(
        desk.path, content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("data", "files", "field"),
    [
        ({"kind": "selfie"}, {"file": ("a.jpg", b"x")}, "kind"),
        ({}, {"file": ("a.jpg", b"x")}, "kind"),
        ({"kind": "near"}, {"other": ("a.jpg", b"x")}, "file"),
        ({"kind": "near", "file": "no file"}, {"other": ("a.jpg", b"x")}, "file"),
    ],
)
def test_forms_that_are_not_complete(desk: Desk, data: Any, files: Any, field: str) -> None:
    """The field at fault is named."""
    answer = desk.client.post(desk.path, data=data, files=files)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_only_a_form_is_taken(desk: Desk) -> None:
    """JSON is not; a form that is none, neither."""
    assert desk.client.post(desk.path, json={"kind": "near"}).status_code == 415
    broken = {"Content-Type": "multipart/form-data"}
    assert desk.client.post(desk.path, content=b"x", headers=broken).status_code == 400


def test_a_reader_that_takes_too_long_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its photo is refused."""
    monkeypatch.setattr(photos, "PATIENCE_S", 0.0)
    assert "brings its reader down" in desk.refusal(as_file(painted(6_000, 6_000)))


def test_a_case_has_so_many_photos_at_most(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, also for a case that is not there."""
    monkeypatch.setattr(attachments, "MOST_PHOTOS", 1)
    content = as_file(painted(32, 32))
    assert desk.add(content).status_code == 201
    answer = desk.add(content)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/too-many-photos"
    desk.path = f"/api/v1/incidents/{uuid4()}/attachments"
    assert desk.add(content).status_code == 404


@pytest.mark.parametrize("off", ["nothing", "the app's own filter", "row security"])
def test_a_photo_is_seen_where_its_case_is(
    desk: Desk, own_context: Context, monkeypatch: pytest.MonkeyPatch, off: str
) -> None:
    """By the own community; not by the next one, nor by a screen on the wall. Each of the two ways
    in which scope is enforced is enough."""
    engine = own_context.engine
    if off == "row security":
        with writing(engine) as session:
            for table in ("attachment", "incident", "incident_event", "report_receipt"):
                session.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    elif off != "nothing":
        for module in (attachment_queries, queries):
            monkeypatch.setattr(module, "within", lambda *_: [])
    where = places(engine)
    photo = desk.add(as_file(painted(32, 32))).json()
    for name, role, area in (
        ("here", Role.GRID_WORKER, "own"),
        ("planner", Role.PLANNER, "own"),
        ("there", Role.DUTY_OFFICER, "sibling"),
        ("wall", Role.WALL_DISPLAY, "own"),
    ):
        staff.add_account(engine, name, role, where[area])
    content = as_file(painted(32, 32))
    with client_of(own_context, "here") as here:
        assert here.get(photo["url"]).status_code == 200
        assert Desk(here, desk.case).add(content, "after").status_code == 201
    with client_of(own_context, "planner") as planner:
        assert planner.get(photo["url"]).status_code == 200
        assert Desk(planner, desk.case).add(content).status_code == 403
        assert planner.delete(photo["url"]).status_code == 403
    with client_of(own_context, "there") as there:
        assert there.get(photo["url"]).status_code == 404
        assert there.get(desk.path).status_code == 404
        assert there.delete(photo["url"]).status_code == 404
        assert Desk(there, desk.case).add(content).status_code == 404
    with client_of(own_context, "wall") as wall:
        assert wall.get(photo["url"]).status_code == 403
    assert desk.client.get(desk.path).json()["total"] == 2


def test_deleting_leaves_one_line_in_the_audit(desk: Desk, own_context: Context) -> None:
    """And nothing of the photo."""
    photo = desk.add(as_file(painted(32, 32)), "far").json()
    assert desk.client.delete(photo["url"]).status_code == 204
    assert desk.client.get(photo["url"]).status_code == 404
    assert desk.client.delete(photo["url"]).status_code == 404
    with reading(own_context.engine) as session:
        rows = session.execute(
            text("SELECT kind, incident_no, detail FROM audit_row WHERE kind = 'photo_erased'")
        ).all()
    assert rows == [("photo_erased", desk.case["no"], "1 photo (far)")]


def test_photos_are_forgotten_180_days_after_closing(desk: Desk, own_context: Context) -> None:
    """Those of an open case stay, and those of one that was closed a day too late."""
    photo = desk.add(as_file(painted(32, 32))).json()
    engine, now = own_context.engine, utc_now()
    for days, left in ((None, 1), (179, 1), (181, 0)):
        with writing(engine) as session:
            closed_at = None if days is None else now - timedelta(days=days)
            session.execute(
                text("UPDATE incident SET closed_at = :at WHERE no = :no"),
                {"at": closed_at, "no": desk.case["no"]},
            )
        gone = {kind.kind.name: kind for kind in run_retention(engine, retention.KINDS, now)}
        assert gone["photo"].days == 180
        assert desk.client.get(desk.path).json()["total"] == left
    assert desk.client.get(photo["url"]).status_code == 404

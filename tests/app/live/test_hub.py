"""One viewer's queue: order, area, and what happens when it does not read."""

import asyncio
from dataclasses import replace

from app.core.audiences import Audience
from app.identity.rules import Actor, Role
from app.live.hub import Hub, OpenPage, Viewer
from app.live.ids import Ids
from app.live.rules import Cursor, ResetReason

EPOCH = "0123456789ab"
EVERYWHERE = (0, 10**15)


def _at(seq: int) -> str:
    return f"id of {seq}"


def _viewer(limit: int = 1000, area: tuple[int, int] = EVERYWHERE) -> Viewer:
    return Viewer(area, frozenset({Audience.CASES}), Cursor(EPOCH, 0), limit=limit)


def _take(viewer: Viewer) -> bytes:
    async def taken() -> bytes:
        return await asyncio.wait_for(viewer.take(), 5)

    return asyncio.run(taken())


def test_events_keep_their_order_and_leave_together() -> None:
    """What waits is sent in one piece, first in, first out."""
    viewer = _viewer()
    for seq in range(1, 4):
        viewer.offer(_at(seq), 5, Audience.CASES, b"%d;" % seq)
    assert _take(viewer) == b"1;2;3;"


def test_only_the_area_watched() -> None:
    """Both ends of the range belong to it."""
    viewer = _viewer(area=(10, 20))
    for code in (9, 10, 20, 21):
        viewer.offer(_at(code), code, Audience.CASES, b"%d;" % code)
    assert _take(viewer) == b"10;20;"


def test_only_the_audiences_it_belongs_to() -> None:
    """Of the same cell, what it may not list stays unsaid."""
    viewer = _viewer()
    for seq, audience in enumerate((Audience.WARNINGS, Audience.CASES, Audience.MEDIATION), 1):
        viewer.offer(_at(seq), 5, audience, b"%d;" % seq)
    assert _take(viewer) == b"2;"


def test_a_full_queue_ends_in_a_reset() -> None:
    """Nothing is dropped in silence: the viewer is told to start anew, then goes on from there."""
    viewer = _viewer(limit=3)
    for seq in range(1, 6):
        viewer.offer(_at(seq), 5, Audience.CASES, b"%d;" % seq)
    sent = _take(viewer)
    assert sent.startswith(b"id: id of 4\nevent: reset\n")
    assert ResetReason.TOO_SLOW.value.encode() in sent
    assert sent.endswith(b"\n\n5;")
    assert b"1;" not in sent


def test_a_heartbeat_does_not_queue_behind_events() -> None:
    """Whoever is about to get an event needs no sign of life."""
    viewer = _viewer()
    viewer.offer(_at(1), 5, Audience.CASES, b"1;")
    viewer.beat(b"beat")
    assert _take(viewer) == b"1;"
    viewer.beat(b"beat")
    assert _take(viewer) == b"beat"


def test_a_closed_viewer_gets_the_rest_and_then_the_end() -> None:
    """Shutdown loses nothing that was already queued."""
    viewer = _viewer()
    viewer.offer(_at(1), 5, Audience.CASES, b"1;")
    viewer.close()
    assert _take(viewer) == b"1;"
    assert _take(viewer) == b""


def test_a_page_that_only_watches_is_no_open_page() -> None:
    """Its stream goes on with less; a desk at which perhaps nobody sits is mailed to. Under another
    grant the stream ends."""
    hub = Hub("")
    hub.at, hub.ids = Cursor(EPOCH, 0), Ids(EPOCH, bytes(32))
    actor = Actor(1, "desk", False, 7, Role.GRID_WORKER, 1, *EVERYWHERE, token="t")
    viewer = hub.join(EVERYWHERE, frozenset({Audience.CASES, Audience.MEDIATION}), actor)
    assert hub.pages() == {OpenPage(Role.GRID_WORKER, 1, *EVERYWHERE)}
    hub.keep_only({"t"}, {"t": replace(actor.grant, watching=True)})
    assert hub.pages() == frozenset()
    viewer.offer(_at(1), 5, Audience.MEDIATION, b"1;")
    viewer.offer(_at(2), 5, Audience.CASES, b"2;")
    told = b'event: session\ndata: {"watching":%s}\n\n'
    assert _take(viewer) == told % b"true" + b"2;"
    hub.keep_only({"t"}, {"t": actor.grant})
    assert hub.pages()
    viewer.offer(_at(3), 5, Audience.MEDIATION, b"3;")
    assert _take(viewer) == told % b"false" + b"3;"
    hub.keep_only({"t"}, {"t": replace(actor.grant, grant_id=8)})
    assert _take(viewer) == b""

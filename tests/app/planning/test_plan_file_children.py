"""The process that makes a plan's file ends with whoever waits for it, and leaves nothing.

It is stopped in the middle by the test, as SIGSTOP does it: by itself it would never end.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.core.context import Context
from app.identity.rules import Role
from app.main import FILES
from tests import staff
from tests.app.planning.written import add_plan
from tests.processes import below, has_ended
from tests.raw_socket import RawSocket
from tests.server import ServerProcess, serving
from tests.waiting import wait_until


@pytest.fixture
def server(own_context: Context, tmp_path: Path) -> Iterator[ServerProcess]:
    """One whose temporary files lie in `tmp_path`."""
    with serving(own_context.url, TMPDIR=str(tmp_path)) as process:
        yield process


def makers(server: ServerProcess) -> list[int]:
    """The processes that make files for a server."""
    found = []
    for child in below(server.process.pid):
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"core.apart" in words:
            found.append(child)
    return found


def folders(tmp_path: Path) -> list[str]:
    """Those in which files are being made."""
    return [path.name for path in tmp_path.glob("minqing-plan-*")]


def ask(server: ServerProcess, plan_id: int, own: dict[str, str] | None = None) -> RawSocket:
    """Somebody who asks for the file, in a session of their `own` or the usual one, and has no
    answer yet."""
    line = RawSocket(server.base_url)
    headers = (own or staff.headers_for(server.base_url)) | {"Connection": "close"}
    line.ask(f"/api/v1/plans/{plan_id}/moves.gpkg", headers)
    return line


def stopped_maker(server: ServerProcess) -> int:
    """The process that makes a file, which goes no further."""
    wait_until(lambda: makers(server))
    (maker,) = makers(server)
    os.kill(maker, signal.SIGSTOP)
    return maker


def test_whoever_hangs_up_ends_it(
    own_context: Context, server: ServerProcess, tmp_path: Path
) -> None:
    """Meanwhile others are answered."""
    plan_id = add_plan(own_context.engine)
    line = ask(server, plan_id)
    maker = stopped_maker(server)
    assert len(folders(tmp_path)) == 1
    assert staff.get(f"{server.base_url}/api/v1/plans").status_code == 200
    assert makers(server) == [maker]
    line.close()
    wait_until(lambda: has_ended(maker))
    wait_until(lambda: not folders(tmp_path))
    with ask(server, plan_id) as line:
        assert line.status() == 200


def test_those_who_hang_up_while_they_wait_make_room(
    own_context: Context, server: ServerProcess
) -> None:
    """As many as may wait and hang up: none of their files is made, and the next one's is."""
    plan_id = add_plan(own_context.engine)
    lines = []
    for nth in range(sum(FILES.values()) + 1):  # one account would wait for its own turns
        staff.add_account(own_context.engine, f"taker_{nth}", Role.CITY_ADMIN, staff.CITY)
        own = staff.headers_of(own_context.engine, f"taker_{nth}")
        lines.append(ask(server, plan_id, own))
    stopped_maker(server)
    # One too many, whichever of them was the last to come in.
    wait_until(lambda: not all(line.is_quiet(0) for line in lines))
    refused = [line for line in lines if not line.is_quiet(0)]
    assert [line.status() for line in refused] == [503]
    for line in lines:
        line.close()
    wait_until(lambda: not makers(server))
    with ask(server, plan_id) as line:
        assert line.status() == 200


@pytest.mark.parametrize("end", [ServerProcess.kill, ServerProcess.stop])
def test_a_server_that_ends_leaves_none(
    own_context: Context,
    server: ServerProcess,
    tmp_path: Path,
    end: Callable[[ServerProcess], object],
) -> None:
    """Neither a process nor its folder: killed, and stopped, without waiting for the file."""
    plan_id = add_plan(own_context.engine)
    with ask(server, plan_id):
        maker = stopped_maker(server)
        assert len(folders(tmp_path)) == 1
        end(server)
        with suppress(ProcessLookupError):
            os.kill(maker, signal.SIGCONT)
        wait_until(lambda: has_ended(maker))
        wait_until(lambda: not folders(tmp_path))

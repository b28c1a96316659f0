"""What anybody may ask for as often as they like is at work once."""

import threading

import anyio
import anyio.lowlevel
from anyio import to_thread

from app.core.shared_work import SharedWork

PATIENCE_S = 30.0


def test_all_who_ask_meanwhile_share_the_answer() -> None:
    """Who asks afterwards gets another one."""
    begun, door, times = threading.Event(), threading.Event(), list[int]()

    def work() -> int:
        times.append(1)
        begun.set()
        assert door.wait(PATIENCE_S)
        return len(times)

    async def ask() -> list[int]:
        shared, heard = SharedWork(work), list[int]()

        async def come() -> None:
            heard.append(await shared.ask())

        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as everybody:
                everybody.start_soon(come)
                await to_thread.run_sync(begun.wait)
                for _ in range(9):
                    everybody.start_soon(come)
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
                door.set()
            heard.append(await shared.ask())
        return heard

    assert anyio.run(ask) == [1] * 10 + [2]


def test_a_failure_is_everybodys_too() -> None:
    """And is over with it; whoever goes away meanwhile stops it for nobody."""
    begun, door, faults = threading.Event(), threading.Event(), [ValueError("once")]

    def work() -> str:
        begun.set()
        assert door.wait(PATIENCE_S)
        if faults:
            raise faults.pop()
        return "done"

    async def ask() -> list[str]:
        shared, heard = SharedWork(work), list[str]()

        async def come() -> None:
            try:
                heard.append(await shared.ask())
            except ValueError as error:
                heard.append(str(error))

        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as gone:
                gone.start_soon(come)
                await to_thread.run_sync(begun.wait)
                gone.cancel_scope.cancel()
            async with anyio.create_task_group() as everybody:
                everybody.start_soon(come)
                everybody.start_soon(come)
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
                door.set()
            heard.append(await shared.ask())
        return heard

    assert anyio.run(ask) == ["once", "once", "done"]

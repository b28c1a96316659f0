"""Works beside a block: they end with it, and what they raise is not lost."""

import threading

import pytest

from geodata.demo.build import beside
from geodata.progress import Progress, Silent


def test_a_block_that_fails_ends_the_work_at_its_next_step() -> None:
    begun, failed = threading.Event(), threading.Event()
    steps, later = [], []

    def work(progress: Progress) -> None:
        begun.set()
        assert failed.wait(60)
        while True:
            progress.step("work", len(steps), 1_000_000)
            steps.append(1)

    with (
        pytest.raises(KeyboardInterrupt),
        beside(Silent(), work, lambda _: later.append(1)),
    ):
        assert begun.wait(60)
        failed.set()
        raise KeyboardInterrupt
    assert not later


def test_what_a_work_raises_is_raised_after_the_block() -> None:
    done = []

    def work(progress: Progress) -> None:
        raise ValueError("it went wrong")

    with pytest.raises(ValueError, match="it went wrong"), beside(Silent(), work):
        done.append(1)
    assert done

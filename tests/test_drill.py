"""What a drill says of a promise."""

from tests.drill.drills import DRILLS
from tests.drill.promises import Measured


def test_a_promise_is_kept_by_every_try() -> None:
    """The worst one is compared, and to be exactly there is to keep it."""
    kept = Measured("it ends", "s", 2.0, [0.5, 2.0, 1.0])
    assert kept.is_kept
    assert kept.cells() == ("it ends", "3", "1.00 s", "2.00 s", "worst <= 2 s: 2.00", "kept")
    broken = Measured("it ends", "s", 2.0, [0.5, 2.1, 1.0])
    assert not broken.is_kept and broken.cells()[-1] == "NOT KEPT"


def test_a_promise_for_most_tries() -> None:
    """One in a hundred may be late, two may not; the table shows the latest all the same."""
    one_late = Measured("it comes", "s", 1.0, [0.1] * 99 + [5.0], 0.99)
    assert one_late.is_kept and one_late.cells()[3:5] == ("5.00 s", "p99 <= 1 s: 0.10")
    assert not Measured("it comes", "s", 1.0, [0.1] * 98 + [5.0] * 2, 0.99).is_kept


def test_every_drill_is_a_function_of_its_name() -> None:
    """`scripts/drill NAME` runs what it says."""
    assert {name: drill.__name__ for name, (drill, _) in DRILLS.items()} == {n: n for n in DRILLS}

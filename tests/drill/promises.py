"""What is promised in a number, and whether what was measured keeps it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measured:
    """One promise and its figures.

    Attributes:
        promise: what was measured.
        unit: of the figures, such as `s` or `MB`.
        most: what is promised: no more than this.
        figures: at least one, one a try.
        quantile: which part of the tries must keep it; 1 for all of them.
    """

    promise: str
    unit: str
    most: float
    figures: Sequence[float]
    quantile: float = 1.0

    @property
    def judged(self) -> float:
        """The figure that is compared with the promise."""
        return float(np.quantile(self.figures, self.quantile, method="inverted_cdf"))

    @property
    def is_kept(self) -> bool:
        """Whether it is within what is promised."""
        return self.judged <= self.most

    def cells(self) -> tuple[str, ...]:
        """A line of the table: promise, tries, median, worst, promised, kept."""
        at = "worst" if self.quantile == 1 else f"p{100 * self.quantile:.0f}"
        median = float(np.median(self.figures))
        worst = max(self.figures)
        return (
            self.promise,
            f"{len(self.figures)}",
            f"{median:.2f} {self.unit}",
            f"{worst:.2f} {self.unit}",
            f"{at} <= {self.most:g} {self.unit}: {self.judged:.2f}",
            "kept" if self.is_kept else "NOT KEPT",
        )

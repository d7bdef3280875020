"""How a cost grows with a size: what it is without any, by which exponent it grows, and at which size it passes a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EXPONENTS = np.arange(0.1, 3.001, 0.01)

FLAT = 0.2
"""A cost of which less than this share has grown at the largest size is as good as constant: its exponent would be noise."""

LEAST_SIZES = 4
"""Through three points, base, factor and exponent can be laid so that they fit, whatever they are."""

FAR = 100.0
"""So many times the largest size that was measured, nothing is said of what happens."""


@dataclass(frozen=True)
class Growth:
    """A cost of `base + factor * size ** exponent`."""

    base: float
    factor: float
    exponent: float
    """Not a number where nothing grows."""

    def reaches(self, limit: float) -> float:
        """Return the size at which the cost is at its limit; infinite if it never is."""
        if math.isnan(self.exponent) or self.factor <= 0:
            return math.inf
        return float(max(0.0, (limit - self.base) / self.factor) ** (1 / self.exponent))


@dataclass(frozen=True)
class Series:
    """One cost at several sizes, and what it may be at most."""

    what: str
    sizes: Sequence[float]
    values: Sequence[float]
    limit: float
    unit: str
    noise: float = 0.0
    """So much more at one size than at another says nothing."""

    @property
    def growth(self) -> Growth:
        """How it grows."""
        return fit(self.sizes, self.values, noise=self.noise)

    @property
    def breaks_at(self) -> float:
        """The size at which it passes its limit: the first that was measured, else where the fit does; infinite if never."""
        for size, value in zip(self.sizes, self.values, strict=True):
            if value > self.limit:
                return size
        return max(self.growth.reaches(self.limit), *self.sizes)


def fit(sizes: Sequence[float], values: Sequence[float], *, noise: float = 0.0) -> Growth:
    """Fit base, factor and exponent by least squares of relative errors; less than four sizes tell no exponent."""
    known = [(size, value) for size, value in zip(sizes, values, strict=True) if value > 0]
    if len(known) < LEAST_SIZES:
        return Growth(known[-1][1] if known else 0.0, 0.0, math.nan)
    n, y = np.array(known).T
    found = min((_with_exponent(n, y, float(exponent)) for exponent in EXPONENTS), key=lambda one: one[0])[1]
    grown = found.factor * n.max() ** found.exponent
    return found if grown >= max(noise, FLAT * (found.base + grown)) else Growth(float(np.median(y)), 0.0, math.nan)


def _with_exponent(n: np.ndarray, y: np.ndarray, exponent: float) -> tuple[float, Growth]:
    """Return the squared relative error that is left with an exponent, and the growth; neither part of it is negative."""
    columns = np.stack([1 / y, n**exponent / y], axis=1)
    base, factor = np.linalg.lstsq(columns, np.ones(len(y)), rcond=None)[0]
    if base < 0:
        base, factor = 0.0, columns[:, 1].sum() / (columns[:, 1] ** 2).sum()
    elif factor < 0:
        base, factor = columns[:, 0].sum() / (columns[:, 0] ** 2).sum(), 0.0
    left = float(((columns @ [base, factor] - 1) ** 2).sum())
    return left, Growth(float(base), float(factor), exponent)


def shown(exponent: float) -> float | None:
    """Return an exponent for a table: none where nothing grows."""
    return None if math.isnan(exponent) else exponent


def breaks_first(series: Sequence[Series], of: str, *, most: float = math.inf) -> str:
    """Return a sentence that names the cost that passes its limit at the smallest size, and the next one.

    `of` is what sizes count, `most` a size that nobody may pass.
    """
    in_order = sorted(series, key=lambda one: (one.breaks_at, -one.values[-1] / one.limit))
    first, *others = in_order
    if first.breaks_at > min(most, FAR * max(first.sizes)):
        beyond = (
            f"up to {most:,.0f} {of}, the most there may be"
            if most < math.inf
            else f"within {FAR:.0f} times of what was measured"
        )
        return f"Breaks first: nothing {beyond}. Nearest to its limit: {_told(first, of)}."
    then = [one for one in others if one.breaks_at <= min(most, FAR * max(one.sizes))]
    return f"Breaks first: {_told(first, of)}." + (f" Then: {_told(then[0], of)}." if then else "")


def _told(one: Series, of: str) -> str:
    size, value, growth = max(one.sizes), one.values[-1], one.growth
    how = "hardly grows" if math.isnan(growth.exponent) else f"grows with an exponent of {growth.exponent:.2f}"
    now = f"{value:.3g} {one.unit} at {size:,.0f}, {how}"
    if math.isinf(one.breaks_at):
        return f"{one.what} ({now}; its limit is {one.limit:g} {one.unit})"
    about = "at" if one.breaks_at in one.sizes and any(v > one.limit for v in one.values) else "at about"
    return f"{one.what} passes {one.limit:g} {one.unit} {about} {_rounded(one.breaks_at):,.0f} {of} ({now})"


def _rounded(size: float) -> float:
    """Return a size to two digits: an estimate is not better than that."""
    return float(f"{size:.2g}") if size >= 100 else round(size)

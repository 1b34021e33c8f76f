"""Regions that say nothing new: copies, and exact sums of others."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.people import listed
from bayescov.cohort.table import CheckResult

__all__ = ["drop_redundant"]

Floats = npt.NDArray[np.float64]
MOST_REGIONS = 400
"""Above this many regions, pairs that add up are not searched."""


def drop_redundant(volumes: pd.DataFrame) -> tuple[pd.DataFrame, CheckResult]:
    """Volumes (mm3) without copies and exact sums of other regions: neither has a correlation of its own."""
    names = [str(n) for n in volumes]
    if len(names) == 1:
        return volumes, CheckResult(
            "redundant regions", True, "There is one region, so none is a copy or a sum of others."
        )
    if len(volumes) < 3:
        return volumes, CheckResult(
            "redundant regions", None, "Too few people to tell copies and sums of regions."
        )
    copies = _copies(volumes)
    rest = volumes.drop(columns=list(copies))
    sums = _sums(rest)
    said = [f"{a} is a copy of {b}" for a, b in copies.items()]
    said += [f"{a} is the sum of {' and '.join(parts)}" for a, parts in sums.items()]
    if not said:
        return volumes, CheckResult(
            "redundant regions", True, f"None of the {len(names)} regions is a copy or a sum of others."
        )
    text = f"Left out, for they say nothing new: {listed(said, 20)}."
    return rest.drop(columns=list(sums)), CheckResult("redundant regions", False, text)


def _copies(volumes: pd.DataFrame) -> dict[str, str]:
    """Regions proportional to an earlier one, in every person."""
    values = volumes.to_numpy(dtype=float)
    found: dict[str, str] = {}
    seen: dict[bytes, list[int]] = {}
    for j, name in enumerate(volumes.columns):
        column = values[:, j]
        finite = np.isfinite(column)
        first = column[finite][0] if finite.any() else 1.0
        # Proportional columns agree once divided by their first value; the hash bounds the comparisons.
        shape = np.round(column / first, 3)
        mark = shape[finite][:3].tobytes() + finite.tobytes()
        for k in seen.get(mark, []):
            if np.allclose(
                column / first, values[:, k] / values[finite, k][0], rtol=1e-6, atol=0, equal_nan=True
            ):
                found[str(name)] = str(volumes.columns[k])
                break
        else:
            seen.setdefault(mark, []).append(j)
    return found


def _sums(volumes: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Regions equal to the sum of two others, or of all others that a zero-one solution names."""
    complete = volumes.dropna()
    names = [str(n) for n in volumes]
    if len(complete) < 3 or not 3 <= len(names) <= MOST_REGIONS:
        return {}
    values = complete.to_numpy(dtype=float)
    found = _pairs(values, names)
    found.update((n, parts) for n, parts in _many(values, names).items() if n not in found)
    return {n: parts for n, parts in found.items() if not set(parts) & set(found)}


def _pairs(values: Floats, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Sums of two, found from the first person and confirmed on all."""
    first = values[0]
    a, b = np.triu_indices(len(names), 1)
    total = first[a] + first[b]
    order = np.argsort(total)
    ordered = total[order]
    found: dict[str, tuple[str, ...]] = {}
    for j, name in enumerate(names):
        slack = _slack(first[j])
        lo, hi = np.searchsorted(ordered, [first[j] - slack, first[j] + slack])
        for pair in order[lo:hi]:
            left, right = int(a[pair]), int(b[pair])
            if j in (left, right):
                continue
            gap = np.abs(values[:, j] - values[:, left] - values[:, right])
            if (gap <= _slack(values[:, j])).all():
                found[name] = (names[left], names[right])
                break
    return found


def _many(values: Floats, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Sums of three and more: a least-squares fit whose coefficients are zeros and ones."""
    n, p = values.shape
    if n < 2 * p + 5:
        return {}
    some = values[:: max(1, n // 5000)]  # enough to suspect; every person confirms
    spread = some.std(axis=0)
    scaled = some / np.where(spread > 0, spread, 1.0)
    gram = np.linalg.pinv(np.cov(scaled.T) + 1e-12 * np.eye(p), hermitian=True)
    suspects = np.flatnonzero(np.diag(gram) > 1e6)
    found: dict[str, tuple[str, ...]] = {}
    for j in suspects[np.argsort(-values[:, suspects].mean(axis=0))]:
        others = [k for k in range(p) if k != j and names[k] not in found]
        weight, *_ = np.linalg.lstsq(some[:, others], some[:, j], rcond=None)
        parts = [k for k, w in zip(others, weight, strict=True) if abs(w - 1) < 0.01]
        if len(parts) < 2 or any(abs(w) > 0.01 and abs(w - 1) >= 0.01 for w in weight):
            continue
        gap = np.abs(values[:, j] - values[:, parts].sum(axis=1))
        if (gap <= _slack(values[:, j])).all():
            found[names[j]] = tuple(names[k] for k in parts)
    return found


def _slack(total: Floats) -> Floats:
    """How far a sum of rounded volumes may be from the rounded sum, mm3."""
    return np.asarray(np.maximum(0.55, 1e-6 * np.abs(total)))

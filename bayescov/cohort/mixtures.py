"""Units mixed within a table: columns in one, columns in another, or people."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from bayescov.cohort.people import listed
from bayescov.cohort.regions import Atlas
from bayescov.cohort.sizes import TO_MM3

__all__ = ["said_far_columns", "said_mixed_rows", "said_two_units"]

_STEADY = ("subcortical", "cortical", "cerebellum")
"""Kinds of regions that are about as large in everybody."""

_LOOKS = {"mm3": "mm3", "ml": "ml", "l": "litres, or fractions of the head's volume"}

_ENOUGH = 40
"""Regions that tell the unit of a row; more only take time."""


class _Size(NamedTuple):
    """Median of a region as it is written, what is usual in mm3, and the share of values not far from the median."""

    name: str
    median: float
    usual: float
    alike: float


def said_two_units(
    written: pd.DataFrame, atlas: Atlas, unit: str | None, *, stated: bool, asked: bool
) -> str | None:
    """A sentence if columns, taken for `unit`, are far from usual, and the numbers of all of them look like one unit or another.

    Parameters
    ----------
    written : pandas.DataFrame
        Columns as they stand in the table.
    atlas : Atlas
    unit : str or None
        What they were taken for; None if that could not be told, so that each column counts.
    stated, asked : bool
        Whether that was what the source states, or what the user asks for.
    """
    sizes = list(_sizes(written, atlas))
    looks = {size.name: _look(size) for size in sizes}
    far = [size.name for size in sizes if unit is None or _is_far(size, unit)]
    kinds = [kind for kind in dict.fromkeys(looks.values()) if kind is not None]
    if not far or len(kinds) < 2 or any(looks[name] is None for name in far):
        return None
    shown, names = [], []
    for kind in kinds:
        columns = [_said(size) for size in sizes if looks[size.name] == kind]
        shown.append(f"{listed(columns, 3)} look{'s' if len(columns) == 1 else ''} like {_LOOKS[kind]}")
        names.append(f"'{next(n for n in looks if looks[n] == kind)} ({kind})'")
    remedy = "write all of them in one unit"
    if not stated and set(kinds) == {"mm3", "ml"}:
        remedy += f", or say the unit in the name of each column ({', '.join(names)})"
        remedy += " and leave unit= out" if asked else ""
    return f"the volumes are in different units: {', while '.join(shown)}; {remedy}"


def said_far_columns(written: pd.DataFrame, atlas: Atlas, unit: str) -> list[str]:
    """A problem if some regions of steady size, taken for `unit`, are fifty times smaller or larger than an adult's."""
    far = [_said(size) for size in _sizes(written, atlas) if _is_far(size, unit)]
    if not far:
        return []
    return [
        f"some regions, taken for {unit}, are in another unit than the others, or in the wrong column: {listed(far)}; correct "
        "them, or leave these regions out"
    ]


def said_mixed_rows(volumes: pd.DataFrame, atlas: Atlas) -> list[str]:
    """A problem if some people are a thousand times larger than the others."""
    usual = {n: atlas[n].typical for n in volumes.columns if n in atlas and atlas[n].typical}
    usual = dict(list(usual.items())[:_ENOUGH])
    if not usual or volumes.empty:
        return []
    ratios = volumes[list(usual)].to_numpy(dtype=float) / np.array(list(usual.values()), dtype=float)
    seen = ratios > 0
    far = seen & ((ratios > 50) | (ratios < 1 / 50))
    odd = np.flatnonzero(far.sum(axis=1) * 2 > np.maximum(1, seen.sum(axis=1)))
    if not odd.size:
        return []
    first = float(np.median(ratios[odd[0]][seen[odd[0]]]))
    who = ", ".join(map(str, volumes.index[odd[:5]])) + (", ..." if odd.size > 5 else "")
    return [
        f"most volumes of {odd.size} of {len(volumes)} people are far from an adult's, {first:.2g} times as large in the first "
        f"({who}): "
        "the rows are in different units, or values stand in the wrong columns; correct them, or leave these people out"
    ]


def _sizes(written: pd.DataFrame, atlas: Atlas) -> Iterator[_Size]:
    """The regions of steady size that have three volumes or more."""
    for name in map(str, written.columns):
        region = atlas.regions.get(name)
        if region is None or region.typical is None or region.kind not in _STEADY:
            continue
        column = written[name].to_numpy(dtype=float)
        seen = column[column > 0]
        if seen.size >= 3:
            median = float(np.median(seen))
            alike = float(((seen > median / 50) & (seen < median * 50)).mean())
            yield _Size(name, median, region.typical, alike)


def _look(size: _Size) -> str | None:
    """The unit in which a column is about as large as usual; None if there is none, or its rows are in several."""
    ratio = size.median / size.usual
    return next((u for u in _LOOKS if size.alike > 0.9 and 0.2 < ratio * TO_MM3[u] < 5), None)


def _is_far(size: _Size, unit: str) -> bool:
    return not 1 / 50 < size.median / size.usual * TO_MM3[unit] < 50


def _said(size: _Size) -> str:
    return f"{size.name} (median {size.median:g}, usual {size.usual:g} mm3)"

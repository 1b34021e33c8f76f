"""Head size and other measures of the whole head that stand among the covariates, as in a table of participants."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayescov.cohort.covariates import typed
from bayescov.cohort.numbers import is_missing_word
from bayescov.cohort.people import listed, people_of
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas, key, strip_measure
from bayescov.cohort.table import CheckResult
from bayescov.cohort.units import to_mm3

__all__ = ["with_heads"]


def with_heads(reading: Reading, atlas: Atlas) -> Reading:
    """The reading with measures of the head among its volumes, whose units are told; what was met is noted.

    A measure that the volumes have already is theirs. A column that is not numbers above 0 (text, z scores) is no size and
    stays what it is.
    """
    taken: dict[str, str] = {}
    checks: list[CheckResult] = []
    for measure, names in _by_measure(list(map(str, reading.others)), atlas).items():
        numbers = typed(_cells(reading, names))[0]
        sizes = {
            n: _in_mm3(numbers[n], measure, strip_measure(n)[1], atlas) for n in names if _is_size(numbers[n])
        }
        if measure in reading.volumes and reading.volumes[measure].notna().any():
            theirs = _in_mm3(reading.volumes[measure], measure, reading.stated().get(measure), atlas)
            for name, size in sizes.items():
                if apart := _said_apart(theirs, size, reading.subjects):
                    text = f"The column {name!r} differs from {measure} of the volumes {apart}; the volumes' was kept."
                    checks.append(CheckResult("head size", False, text))
        elif sizes:
            first, *others = sizes
            apart = next(
                (a for n in others if (a := _said_apart(sizes[first], sizes[n], reading.subjects))), ""
            )
            if apart:
                text = (
                    f"The columns {listed(list(map(repr, sizes)))} are all {measure}, but differ {apart}. None was taken for it: "
                    "leave one of them in the table, or use one by its own name."
                )
                checks.append(CheckResult("head size", False, text))
            else:
                taken[first] = measure
    return _taking(reading, taken).noting(*checks)


def _by_measure(columns: list[str], atlas: Atlas) -> dict[str, list[str]]:
    """The columns of each measure of the head; where one has its very name, those of other names are left alone."""
    found: dict[str, list[str]] = {}
    for column in columns:
        region = atlas.find(column)
        if region is not None and region.kind in ("icv", "global"):
            found.setdefault(region.name, []).append(column)
    return {m: [n for n in names if key(n) == key(m)] or names for m, names in found.items()}


def _cells(reading: Reading, names: list[str]) -> pd.DataFrame:
    """Columns as text, empty where a word says that a volume is missing."""
    return reading.others[names].map(lambda cell: "" if is_missing_word(str(cell)) else str(cell))


def _is_size(column: pd.Series) -> bool:
    """Whether a column is numbers above 0, but for a few that stand for missing."""
    if not pd.api.types.is_numeric_dtype(column):
        return False
    seen = column.dropna()
    return not seen.empty and bool((seen > 0).mean() > 0.9)


def _in_mm3(column: pd.Series, measure: str, stated: str | None, atlas: Atlas) -> pd.Series:
    units = {measure: stated} if stated else {}
    return to_mm3(column.to_frame(measure), atlas, stated=units, wanted=None).volumes[measure]


def _said_apart(a: pd.Series, b: pd.Series, subjects: Sequence[str]) -> str:
    """For whom two columns of one measure differ by more than rounding; nothing if for nobody."""
    apart = np.flatnonzero((a - b).abs() > 1e-3 * a.abs())
    if not apart.size:
        return ""
    i = int(apart[0])
    return (
        f"for {people_of(apart.size)} (the first: {subjects[i]}, {a.iloc[i]:,.0f} and {b.iloc[i]:,.0f} mm3)"
    )


def _taking(reading: Reading, taken: dict[str, str]) -> Reading:
    """The reading with these columns, by their names as measures, among the volumes."""
    if not taken:
        return reading
    numbers, checks = typed(_cells(reading, list(taken)))
    renamed = [f"{name} is called {measure}" for name, measure in taken.items() if name != measure]
    if renamed:
        text = f"Measures of the head under their usual names: {listed(renamed)}."
        checks.append(CheckResult("head size", True, text))
    stated = {measure: unit for name, measure in taken.items() if (unit := strip_measure(name)[1])}
    return replace(
        reading,
        volumes=reading.volumes.assign(**{m: numbers[n].to_numpy() for n, m in taken.items()}),
        others=reading.others.drop(columns=list(taken)),
        unit=None,  # what the source of the volumes states says nothing of these
        units={n: u for n, u in reading.stated().items() if n not in taken.values()} | stated,
        columns=reading.columns | {measure: name for name, measure in taken.items()},
    ).noting(*checks)

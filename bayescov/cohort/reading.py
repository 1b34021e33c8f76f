"""What a reader hands over before anything is judged: people, numbers under canonical names, and what was met."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bayescov.cohort.table import CheckResult

__all__ = ["Reading", "join", "stack"]


@dataclass(frozen=True)
class Reading:
    """People in rows, as one source gives them.

    Attributes
    ----------
    tool : str
        What wrote the source, as far as its content tells.
    subjects : list of str
        Ids as written. They may repeat.
    volumes : pandas.DataFrame
        (row, canonical name) numbers in `unit`, NaN where missing or not a number.
    others : pandas.DataFrame
        (row, column) everything else, as text; numbers have a decimal point, whatever the source writes.
    unit : str or None
        The unit the source states for all volumes; None where it states none, or for single columns only.
    units : dict of str to str
        Canonical name -> the unit that its own column states, where there is no `unit` of all.
    columns : dict of str to str
        Canonical name -> the name in the source.
    quirks : tuple of CheckResult
        What was met while reading.
    problems : tuple of str
        What makes the source unusable.
    """

    tool: str
    subjects: list[str]
    volumes: pd.DataFrame
    others: pd.DataFrame
    unit: str | None = None
    units: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    quirks: tuple[CheckResult, ...] = ()
    problems: tuple[str, ...] = ()
    source: str = ""

    def noting(self, *quirks: CheckResult) -> "Reading":
        """The same reading with further quirks."""
        return replace(self, quirks=(*self.quirks, *quirks))

    def stated(self) -> dict[str, str]:
        """The unit of each volume, as far as the source states it."""
        return {str(n): self.unit for n in self.volumes} if self.unit else self.units


def stack(readings: Sequence[Reading], tool: str) -> Reading:
    """One reading of several people, one under the other."""
    units = {r.unit for r in readings}
    columns: dict[str, str] = {}
    for reading in readings:
        for name, written in reading.columns.items():
            columns.setdefault(name, written)
    return Reading(
        tool=tool,
        subjects=[s for r in readings for s in r.subjects],
        volumes=pd.concat([r.volumes for r in readings], ignore_index=True),
        others=pd.concat([r.others for r in readings], ignore_index=True),
        unit=units.pop() if len(units) == 1 else None,
        units=_agreed(readings),
        columns=columns,
        quirks=_distinct(q for r in readings for q in r.quirks),
        problems=tuple(p for r in readings for p in r.problems),
    )


def join(left: Reading, right: Reading) -> Reading:
    """Two readings of the same people, side by side: all ids of both, each measure once.

    A measure both give (FreeSurfer repeats eTIV in every table) is kept from the left, filled from the right;
    where they disagree by more than rounding, that is a problem.
    """
    for side in (left, right):
        repeated = [s for s, n in Counter(side.subjects).items() if n > 1]
        if repeated:
            problem = f"{side.source or side.tool}: ids repeat ({', '.join(repeated[:5])}), so tables cannot be joined"
            return replace(left, problems=(*left.problems, *right.problems, problem))
    subjects = list(dict.fromkeys([*left.subjects, *right.subjects]))
    a = left.volumes.set_axis(left.subjects).reindex(subjects)
    b = right.volumes.set_axis(right.subjects).reindex(subjects)
    problems = [*left.problems, *right.problems]
    problems += _disagreements(a, b)
    volumes = a.combine_first(b)[[*a.columns, *(n for n in b.columns if n not in a.columns)]]
    others = _joined_text(left, right, subjects)
    return Reading(
        tool=left.tool if left.tool == right.tool else f"{left.tool}; {right.tool}",
        subjects=subjects,
        volumes=volumes.reset_index(drop=True),
        others=others.reset_index(drop=True),
        unit=left.unit if left.unit == right.unit else None,
        units={**right.stated(), **left.stated()},
        columns={**right.columns, **left.columns},
        quirks=_distinct((*left.quirks, *right.quirks)),
        problems=tuple(problems),
        source=left.source,
    )


def _agreed(readings: Sequence[Reading]) -> dict[str, str]:
    """Units that every reading which has the column states alike."""
    found: dict[str, set[str | None]] = {}
    for reading in readings:
        stated = reading.stated()
        for name in map(str, reading.volumes):
            found.setdefault(name, set()).add(stated.get(name))
    return {name: unit for name, (unit, *more) in found.items() if unit and not more}


def _disagreements(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """A sentence if both tables give a measure and the numbers differ by more than rounding."""
    shared = [n for n in b.columns if n in a.columns]
    apart = (a[shared] - b[shared]).abs() > 1e-3 * a[shared].abs()
    rows, columns = np.nonzero(apart.to_numpy())
    if not rows.size:
        return []
    who, name = a.index[rows[0]], shared[columns[0]]
    return [
        f"two tables disagree on {apart.any().sum()} measures of {apart.any(axis=1).sum()} of their common people "
        f"(first: {name} of {who}, {a.loc[who, name]:g} and {b.loc[who, name]:g}); they are not of the same run"
    ]


def _distinct(quirks: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Each sentence once."""
    return tuple({(q.name, q.text): q for q in quirks}.values())


def _joined_text(left: Reading, right: Reading, subjects: list[str]) -> pd.DataFrame:
    a = left.others.set_axis(left.subjects).reindex(subjects)
    b = right.others.set_axis(right.subjects).reindex(subjects)
    return a.combine_first(b)[[*a.columns, *(n for n in b.columns if n not in a.columns)]]

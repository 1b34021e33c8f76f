"""Several readings as one: of other people one under the other, of the same people side by side."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from bayescov.cohort.agreeing import composed, differing, filled, named_alike, of_the_file, said_differing
from bayescov.cohort.people import listed
from bayescov.cohort.reading import Reading
from bayescov.cohort.table import CheckResult

__all__ = ["join", "stack"]


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

    What both give, a measure (FreeSurfer repeats eTIV in every table) or anything else that is known of a person, is kept
    from the left, filled from the right; where they disagree, by more than rounding, that is a problem.
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
    others, differ, said = _joined_text(left, right, subjects)
    problems += differ
    return Reading(
        tool=left.tool if left.tool == right.tool else f"{left.tool}; {right.tool}",
        subjects=subjects,
        volumes=volumes.reset_index(drop=True),
        others=others.reset_index(drop=True),
        unit=left.unit if left.unit == right.unit else None,
        units={**right.stated(), **left.stated()},
        columns={**right.columns, **left.columns},
        quirks=_distinct((*left.quirks, *right.quirks, *said)),
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
    who, name, n = a.index[rows[0]], shared[columns[0]], int(apart.any().sum())
    return [
        f"two tables disagree on {n} {'measure' if n == 1 else 'measures'} of {apart.any(axis=1).sum()} of their common people "
        f"(first: {name} of {who}, {a.loc[who, name]:g} and {b.loc[who, name]:g}); they are not of the same run"
    ]


def _distinct(quirks: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Each sentence once."""
    return tuple({(q.name, q.text): q for q in quirks}.values())


def _joined_text(
    left: Reading, right: Reading, subjects: list[str]
) -> tuple[pd.DataFrame, list[str], list[CheckResult]]:
    """Columns of both, what they disagree on, and columns in which they may."""
    a = composed(left.others).set_axis(left.subjects).reindex(subjects, fill_value="")
    b = composed(right.others).set_axis(right.subjects).reindex(subjects, fill_value="")
    b = b.rename(columns=named_alike(b.columns, a.columns))
    shared = [str(c) for c in a if c in b]
    problem = said_differing(_named(right), a, b, [c for c in shared if not of_the_file(c)])
    kept = [repr(c) for c in shared if of_the_file(c) and differing(a[c], b[c]).any()]
    text = f"Columns of files that differ between the tables: {listed(kept, 8)}; those of the first table were kept."
    out = pd.concat([a, b.drop(columns=shared)], axis=1)
    out[shared] = pd.DataFrame({c: filled(a[c], b[c]) for c in shared}, index=out.index)
    return out, [problem] if problem else [], [CheckResult("joined tables", None, text)] if kept else []


def _named(reading: Reading) -> str:
    return Path(reading.source).name or reading.tool

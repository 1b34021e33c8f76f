"""Several rows of one person: which visit each is of, and the one to take."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayescov.cohort.columns import VISIT_NAMES, usual_column
from bayescov.cohort.people import listed, people_of, person_and_visit, take_rows
from bayescov.cohort.reading import Reading
from bayescov.cohort.table import CheckResult
from bayescov.cohort.visits.clues import clues_of
from bayescov.errors import nearest

__all__ = ["choose_visits", "people_and_visits", "visit_column"]


def choose_visits(reading: Reading, visit: str | None) -> Reading:
    """One row a person, by the rule `visit`: ``"first"``, ``"last"``, or a visit's name; a problem if ids repeat without."""
    reading = _without_copies(reading)
    people, visits = people_and_visits(reading)
    counts = Counter(people)
    repeated = [str(p) for p in dict.fromkeys(people) if counts[p] > 1]
    if visit is not None and visit not in ("first", "last"):
        return _named_visit(reading, people, visits, unicodedata.normalize("NFC", visit))
    if not repeated:
        return reading if visit is None else reading.noting(_none_repeats(visits, visit))
    if visit is None:
        column = "" if visits is None else f" (their visits: {listed(sorted(set(visits)))})"
        problem = (
            f"{len(repeated)} ids repeat: {listed(repeated, 30)}{column}. Visits of one person are not independent, and "
            "paired designs are not supported yet: choose one row each with visit='first' or 'last', or exclude some"
        )
        return replace(reading, problems=(*reading.problems, problem))
    return _first_or_last(reading, people, visits, repeated, visit)


def people_and_visits(reading: Reading) -> tuple[list[str], list[str] | None]:
    """Person and visit of every row: from a column of visits, or from ids such as ``sub-01_ses-02``."""
    parted = [person_and_visit(s) for s in reading.subjects]
    if len({person for person, _ in parted}) < len(set(reading.subjects)):
        return [person for person, _ in parted], [visit for _, visit in parted]
    column = visit_column(reading.others)
    return reading.subjects, None if column is None else [str(v) for v in reading.others[column]]


def visit_column(others: pd.DataFrame) -> str | None:
    """The column that numbers the visits."""
    usual = usual_column([str(c) for c in others.columns], VISIT_NAMES)
    return usual[0] if usual else None


def _without_copies(reading: Reading) -> Reading:
    """Rows that are equal in every cell are one row."""
    if len(set(reading.subjects)) == len(reading.subjects):
        return reading
    frame = pd.concat([reading.volumes, reading.others], axis=1)
    frame.insert(0, "", reading.subjects, allow_duplicates=True)
    copies = frame.duplicated().to_numpy()
    if not copies.any():
        return reading
    who = list(dict.fromkeys(reading.subjects[i] for i in np.flatnonzero(copies)))
    text = (
        f"{int(copies.sum())} rows are copies of another in every cell and were left out: {listed(who, 30)}."
    )
    return take_rows(reading, np.flatnonzero(~copies).tolist()).noting(
        CheckResult("copied rows", False, text)
    )


def _none_repeats(visits: list[str] | None, visit: str) -> CheckResult:
    taken = "" if visits is None else f" Visits: {_with_counts(visits)}."
    return CheckResult("visits", True, f"No id repeats, so that visit={visit!r} leaves no row out.{taken}")


def _first_or_last(
    reading: Reading, people: list[str], visits: list[str] | None, repeated: list[str], visit: str
) -> Reading:
    """The row of each person that comes first or last by the surest clue; a problem if none is certain."""
    last = visit == "last"
    clues = clues_of(reading.others, visits if visits is not None and people != reading.subjects else None)
    answers = [(clue, *clue.taken(people, last=last)) for clue in clues]
    certain = [(clue, rows) for clue, rows, _ in answers if rows is not None]
    if not certain:
        problem = _not_told(people, visits, repeated, visit, [why for _, _, why in answers])
        return replace(reading, problems=(*reading.problems, problem))
    clue, rows = certain[0]
    keep = sorted(rows.values())
    seen = clue.cells if clue.is_visit else visits
    text = f"{people_of(len(repeated))} with several rows; the {visit} was taken of each, by {clue.said(people)}. "
    if seen is not None:
        text += f"Taken: {_with_counts([seen[i] for i in keep])}. "
    text += f"{len(reading.subjects) - len(keep)} rows were left out: {listed(repeated, 30)}."
    for other, theirs in certain[1:]:
        against = [p for p in repeated if theirs[p] != rows[p]]
        if against:
            text += (
                f" By {other.name} it would be another row of {people_of(len(against))}: {listed(against)}."
            )
    named = set(repeated) if visits is not None else set()
    subjects = [people[i] if people[i] in named else reading.subjects[i] for i in keep]
    return replace(take_rows(reading, keep), subjects=subjects).noting(
        CheckResult("repeated ids", False, text)
    )


def _not_told(
    people: list[str], visits: list[str] | None, repeated: list[str], visit: str, why: Sequence[str]
) -> str:
    """The sentence that no clue tells the order, and what to do."""
    start = f"which row is the {visit} of {people_of(len(repeated))} ({listed(repeated)}) is not certain: "
    if visits is None:
        reasons = "; ".join([*why, "there is no column of visits"])
        return f"{start}{reasons}. Add one (visit, session, timepoint, ...) or the dates of the scans (scan_date), or keep one row each"
    there = [v for p, v in zip(people, visits, strict=True) if p in set(repeated) and v]
    return f"{start}{'; '.join(why)}. Give visit= one of the visits: {_with_counts(there or visits)}"


def _with_counts(visits: Sequence[str]) -> str:
    """``"ses-02 (30), ses-01 (4)"``, the most frequent first."""
    return listed([f"{v or 'no visit'} ({n})" for v, n in Counter(visits).most_common()], 12)


def _named_visit(reading: Reading, people: list[str], visits: list[str] | None, visit: str) -> Reading:
    """The rows of one visit only."""
    if visits is None:
        problem = f"visit={visit!r} was asked for, but there is no column of visits (session, visit, timepoint, ...)"
        return replace(reading, problems=(*reading.problems, problem))
    keep = [i for i, v in enumerate(visits) if unicodedata.normalize("NFC", v) == visit]
    known = sorted(set(visits))
    if not keep:
        problem = f"there is no visit {visit!r}{nearest(visit, known)} (visits: {listed(known, 20)})"
        return replace(reading, problems=(*reading.problems, problem))
    chosen = [people[i] for i in keep]
    if len(set(chosen)) < len(chosen):
        again = sorted(p for p, n in Counter(chosen).items() if n > 1)
        problem = f"ids repeat within visit {visit!r}: {listed(again, 30)}"
        return replace(reading, problems=(*reading.problems, problem))
    lost = len(set(people) - set(chosen))
    text = (
        f"Visit {visit!r} was taken of {people_of(len(chosen))}; {len(people) - len(keep)} other rows were left out "
        f"({lost} people have no such visit)."
    )
    return replace(take_rows(reading, keep), subjects=chosen).noting(CheckResult("visits", True, text))

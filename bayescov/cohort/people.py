"""Who is in the cohort: ids, visits, and who was excluded."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bayescov.cohort.columns import VISIT_NAMES, usual_column
from bayescov.cohort.reading import Reading
from bayescov.cohort.table import CheckResult
from bayescov.errors import nearest

__all__ = ["choose_visits", "exclude_people", "listed", "people_of", "take_rows"]

_SESSION = re.compile(r"^(?P<person>.+?)_(?P<visit>ses-[0-9A-Za-z]+|run-[0-9]+)(?P<rest>_.*)?$")


def listed(names: Sequence[object], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def people_of(n: int) -> str:
    """``"1 person"``, ``"3 people"``."""
    return "1 person" if n == 1 else f"{n} people"


def take_rows(reading: Reading, rows: Sequence[int]) -> Reading:
    """The reading of these rows only."""
    index = list(rows)
    if index == list(range(len(reading.subjects))):
        return reading
    return replace(
        reading,
        subjects=[reading.subjects[i] for i in index],
        volumes=reading.volumes.iloc[index].reset_index(drop=True),
        others=reading.others.iloc[index].reset_index(drop=True),
    )


def exclude_people(reading: Reading, exclude: Sequence[str]) -> Reading:
    """Without the people of these ids."""
    wanted = [
        unicodedata.normalize("NFC", str(e)) for e in ([exclude] if isinstance(exclude, str) else exclude)
    ]
    if not wanted:
        return reading
    persons = [_person(s) for s in reading.subjects]
    known = {*reading.subjects, *persons}
    unknown = [e for e in wanted if e not in known]
    if unknown:
        problem = (
            f"exclude= names {listed(unknown)}, who {'are' if len(unknown) > 1 else 'is'} not in the table"
            f"{nearest(unknown[0], sorted(set(reading.subjects))[:20000])}"
        )
        return replace(reading, problems=(*reading.problems, problem))
    out = set(wanted)
    kept = [i for i, s in enumerate(reading.subjects) if s not in out and persons[i] not in out]
    text = f"Excluded as asked: {listed(wanted, 20)}."
    return take_rows(reading, kept).noting(CheckResult("excluded", True, text))


def choose_visits(reading: Reading, visit: str | None) -> Reading:
    """One row a person, by the rule `visit`: ``"first"``, ``"last"``, or a visit's name; a problem if ids repeat without."""
    reading = _without_copies(reading)
    people, visits = _people_and_visits(reading)
    counts = Counter(people)
    repeated = [str(p) for p in dict.fromkeys(people) if counts[p] > 1]
    if visit is not None and visit not in ("first", "last"):
        return _named_visit(reading, people, visits, visit)
    if not repeated:
        return reading
    if visit is None:
        column = "" if visits is None else f" (their visits: {listed(sorted(set(visits)))})"
        problem = (
            f"{len(repeated)} ids repeat: {listed(repeated, 30)}{column}. Visits of one person are not independent, and "
            "paired designs are not supported yet: choose one row each with visit='first' or 'last', or exclude some"
        )
        return replace(reading, problems=(*reading.problems, problem))
    order, how = _order(reading, people, visits)
    keep = _first_or_last(people, order, last=visit == "last")
    text = (
        f"{people_of(len(repeated))} with several rows; the {visit} was taken of each (by {how}), and "
        f"{len(reading.subjects) - len(keep)} rows were left out: {listed(repeated, 30)}."
    )
    taken = take_rows(reading, keep)
    subjects = [
        people[i] if counts[people[i]] > 1 and visits is not None else reading.subjects[i] for i in keep
    ]
    return replace(taken, subjects=subjects).noting(CheckResult("repeated ids", False, text))


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


def _people_and_visits(reading: Reading) -> tuple[list[str], list[str] | None]:
    """Person and visit of every row: from a column of visits, or from ids such as ``sub-01_ses-02``."""
    matches = [_SESSION.match(s) if "_ses-" in s or "_run-" in s else None for s in reading.subjects]
    people = [
        m["person"] + (m["rest"] or "") if m else s for m, s in zip(matches, reading.subjects, strict=True)
    ]
    if len(set(people)) < len(set(reading.subjects)):
        return people, [m["visit"] if m else "" for m in matches]
    column = usual_column([str(c) for c in reading.others.columns], VISIT_NAMES)
    if column:
        return reading.subjects, [str(v) for v in reading.others[column[0]]]
    return reading.subjects, None


def _person(id: str) -> str:
    """``sub-01`` of ``sub-01_ses-02``."""
    match = _SESSION.match(id) if "_ses-" in id or "_run-" in id else None
    return match["person"] + (match["rest"] or "") if match else id


def _order(reading: Reading, people: list[str], visits: list[str] | None) -> tuple[list[tuple], str]:
    rows = range(len(people))
    if visits is not None:
        return [(*_natural(visits[i]), i) for i in rows], "visit"
    if "age" in reading.others:
        ages = pd.to_numeric(reading.others["age"], errors="coerce")
        if ages.notna().all():
            return [(float(ages.iloc[i]), i) for i in rows], "age"
    return [(i,) for i in rows], "order in the table"


def _natural(text: str) -> tuple:
    """Sort key under which visit 10 follows visit 2."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)


def _first_or_last(people: list[str], order: list[tuple], *, last: bool) -> list[int]:
    best: dict[str, int] = {}
    for i, person in enumerate(people):
        if person not in best or (order[i] > order[best[person]]) == last:
            best[person] = i
    return sorted(best.values())


def _named_visit(reading: Reading, people: list[str], visits: list[str] | None, visit: str) -> Reading:
    """The rows of one visit only."""
    if visits is None:
        problem = f"visit={visit!r} was asked for, but there is no column of visits (session, visit, timepoint, ...)"
        return replace(reading, problems=(*reading.problems, problem))
    keep = [i for i, v in enumerate(visits) if v == visit]
    known = sorted(set(visits))
    if not keep:
        problem = f"there is no visit {visit!r}{nearest(visit, known)} (visits: {listed(known, 20)})"
        return replace(reading, problems=(*reading.problems, problem))
    chosen = [people[i] for i in keep]
    if len(set(chosen)) < len(chosen):
        again = sorted({p for p in chosen if chosen.count(p) > 1})
        problem = f"ids repeat within visit {visit!r}: {listed(again, 30)}"
        return replace(reading, problems=(*reading.problems, problem))
    lost = len(set(people) - set(chosen))
    text = f"Visit {visit!r} was taken; {len(people) - len(keep)} other rows were left out ({lost} people have no such visit)."
    return replace(take_rows(reading, keep), subjects=chosen).noting(CheckResult("visits", True, text))

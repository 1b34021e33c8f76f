"""The participants' table beside the volumes: joined on the id, and who found no partner."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from bayescov.cohort.agreeing import composed, differing, filled
from bayescov.cohort.covariates import is_empty
from bayescov.cohort.people import listed, person_and_visit, take_rows
from bayescov.cohort.reading import Reading
from bayescov.cohort.table import CheckResult
from bayescov.cohort.visits.choosing import people_and_visits
from bayescov.cohort.visits.sessions import other_visits, rows_of_visits, shared_visit_column, without_visits

__all__ = ["join_participants", "not_joined"]

VOLUMES = "volumes"


def join_participants(reading: Reading, table: pd.DataFrame, ids: list[str], *, source: str) -> Reading:
    """The reading with the columns of a participants' table (`table` and its `ids`), joined on the id as text.

    Where the participants have several rows, and both tables say of which visit, they are joined on id and visit.
    """
    reading, table = replace(reading, others=composed(reading.others)), composed(table)
    ids = [unicodedata.normalize("NFC", i) for i in ids]
    persons, visits = people_and_visits(reading)
    column = shared_visit_column(table, reading.others)
    mine, theirs, how = _matching(reading.subjects, ids)
    table, theirs, ids = _without_copies(table, theirs, ids)
    paired = len(set(theirs)) < len(theirs)
    if paired:
        persons, visits = (persons, visits) if visits is not None else _named_in_ids(reading.subjects)
        problem = _not_paired(table, theirs, column, visits, source)
        if problem:
            return replace(reading, problems=(*reading.problems, problem))
        mine, theirs, how = _matching(persons, ids)
    known, measured = set(theirs), set(mine)
    if not known & measured:
        problem = (
            f"no id of the volumes is in {source}: the volumes have {listed(reading.subjects, 3)}; the participants "
            f"{listed(ids, 3)}.{_said_alike(mine, theirs)}".removesuffix(".")
        )
        return replace(reading, problems=(*reading.problems, problem))
    kept = [i for i, s in enumerate(mine) if s in known]
    without = list(dict.fromkeys(s for s, m in zip(reading.subjects, mine, strict=True) if m not in known))
    unused = list(dict.fromkeys(written for written, s in zip(ids, theirs, strict=True) if s not in measured))
    hint = _said_alike([s for s in mine if s not in known], [s for s in theirs if s not in measured])
    joined = take_rows(reading, kept)
    of_kept = [mine[i] for i in kept]
    visits_kept = None if visits is None else [visits[i] for i in kept]
    if paired and column is not None and visits_kept is not None:
        rows, note = _of_visits(joined, table, theirs, column, of_kept, visits_kept)
        how = f" and visit ({column!r}){how}"
    else:
        rows = table.set_axis(theirs).loc[of_kept].reset_index(drop=True)
        rows, note = _of_persons(rows, column, visits_kept)
    others, differ = _side_by_side(joined.others, rows)
    note = differ + note
    found = len(known & measured)  # people: a visit each may have a row
    number = f"{found} of {len(measured)}" if without else f"{found}"
    text = f"{number} people were joined with {source} on their id{how}."
    if without:
        text += f" Left out, for they are not among the participants: {listed(without, 20)}."
    if unused:
        text += f" Participants without volumes: {listed(unused, 20)}."
    alone = pd.DataFrame(
        {"id": [*without, *unused], "only_in": [VOLUMES] * len(without) + ["participants"] * len(unused)}
    )
    fine = not without and not unused and not note
    return replace(joined, others=others).noting(CheckResult("participants", fine, text + hint + note, alone))


def not_joined(checks: Iterable[CheckResult]) -> list[str]:
    """What was said of a join that left people of the volumes out: they may be what is lacking where something lacks."""
    return [
        c.text
        for c in checks
        if c.name == "participants" and c.table is not None and (c.table["only_in"] == VOLUMES).any()
    ]


def _without_copies(
    table: pd.DataFrame, theirs: list[str], ids: list[str]
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Rows of one person that are equal in every cell are one row."""
    kept = np.flatnonzero(~table.assign(**{"": theirs}).duplicated().to_numpy())
    return table.iloc[kept].reset_index(drop=True), [theirs[i] for i in kept], [ids[i] for i in kept]


def _named_in_ids(ids: list[str]) -> tuple[list[str], list[str] | None]:
    """Person and visit where every id names one, though nobody came twice: ``sub-01_ses-02``."""
    parted = [person_and_visit(s) for s in ids]
    named = all(visit for _, visit in parted)
    return ([p for p, _ in parted], [v for _, v in parted]) if named else (ids, None)


def _not_paired(
    table: pd.DataFrame, theirs: list[str], column: str | None, visits: list[str] | None, source: str
) -> str | None:
    """A sentence if participants have several rows, and it is not known which of them belongs to which volumes."""
    people = pd.Series(theirs)
    again = list(dict.fromkeys(people[people.duplicated()]))
    start = f"in {source} {len(again)} ids repeat with different values: {listed(again, 30)}"
    if column is None:
        visit = "" if visits is None else ", or add a column of visits, which the volumes have"
        return f"{start}; keep one row each{visit}"
    if visits is None:
        return f"{start}; keep the row of the visit that the volumes are of, or add a column {column!r} to the volumes"
    pairs = pd.DataFrame({"id": theirs, "visit": table[column].map(str)})
    twice = pairs[pairs.duplicated() & ~pairs["visit"].map(is_empty)].drop_duplicates()
    if twice.empty:
        return None
    shown = listed([f"{row.id} {row.visit}" for row in twice.itertuples()], 30)
    return f"in {source} visits ({column!r}) repeat with different values: {shown}; keep one row each"


def _of_visits(
    joined: Reading, table: pd.DataFrame, theirs: list[str], column: str, mine: list[str], visits: list[str]
) -> tuple[pd.DataFrame, str]:
    """The participants' row of each visit, and a sentence on visits that have none."""
    found = rows_of_visits(table, theirs, column, mine, visits)
    if not found.without:
        return found.rows, ""
    who = [s if s.endswith(visits[i]) else f"{s} {visits[i]}" for i, s in enumerate(joined.subjects)]
    given = (
        f"only what does not change between visits ({listed(found.constant, 8)})"
        if found.constant
        else "nothing"
    )
    return found.rows, (
        f" Visits of the volumes that are not there ({len(found.without)}) got {given}: "
        f"{listed([who[i] for i in found.without], 20)}."
    )


def _of_persons(rows: pd.DataFrame, column: str | None, visits: list[str] | None) -> tuple[pd.DataFrame, str]:
    """The participants' row of each person without the visit it is of, where the volumes have their own."""
    if column is None or visits is None:
        return rows, ""
    n = other_visits([str(v) for v in rows[column]], visits)
    note = (
        f" {n} rows of volumes are of another visit than the participants' row (its column {column!r}): what changes "
        "between visits, such as age, may not be theirs."
    )
    return without_visits(rows), note if n else ""


def _matching(mine: list[str], theirs: list[str]) -> tuple[list[str], list[str], str]:
    """Both lists of ids in a spelling in which they meet, and how they were made to."""
    if set(mine) & set(theirs):
        return mine, theirs, ""
    for how, rule in (
        (" (without the prefix 'sub-')", _without_prefix),
        (" (without the prefix 'sub-' and what follows the person in a file's name)", _bare_person),
    ):
        a, b = [rule(s) for s in mine], [rule(s) for s in theirs]
        if set(a) & set(b) and len(set(a)) == len(set(mine)):
            return a, b, how
    return mine, theirs, ""


def _without_prefix(id: str) -> str:
    return id.removeprefix("sub-")


def _bare_person(id: str) -> str:
    bare = re.sub(r"\.(nii|nii\.gz|mgz|long\..*)$", "", id)
    return re.sub(r"_(ses-.*|T1w?|FLAIR|T2w|acq-.*|run-.*|aseg_stats.*)$", "", bare).removeprefix("sub-")


def _without_zeros(id: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", id)


def _without_decimals(id: str) -> str:
    return re.sub(r"[.,]0+$", "", id)


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "leading zeros, which a spreadsheet takes away": _without_zeros,
    "decimals, which a spreadsheet adds (1.0 for 1)": _without_decimals,
    "upper and lower case": str.lower,
    "what surrounds the person in the name of a file": _bare_person,
    "leading zeros, decimals, case and what surrounds the person in the name of a file": lambda id: (
        _without_zeros(_without_decimals(_bare_person(id.lower())))
    ),
}


def _said_alike(mine: list[str], theirs: list[str]) -> str:
    """A sentence if ids that found no partner would find one in another spelling: they are not joined unasked."""
    for what, rule in _SPELLINGS.items():
        alike = {rule(s) for s in theirs}
        n = sum(rule(s) in alike for s in set(mine))
        if n:
            return f" {n} ids would meet if it were not for {what}; write the ids alike in both tables."
    return ""


def _side_by_side(left: pd.DataFrame, right: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Columns of both; where both have one and they differ, the participants' table is kept and that is said."""
    note = ""
    out = left.copy()
    for name in right.columns:
        if name in out.columns:
            differ = differing(out[name], right[name])
            if differ.any():
                note += f" The column {name!r} differs between the tables for {int(differ.sum())} people; the participants' was kept."
            out[name] = filled(right[name], out[name])
        else:
            out[name] = right[name]
    return out, note

"""The participants' table beside the volumes: joined on the id, and who found no partner."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd

from bayescov.cohort.agreeing import composed, differing, filled
from bayescov.cohort.people import listed, take_rows
from bayescov.cohort.reading import Reading
from bayescov.cohort.table import CheckResult

__all__ = ["join_participants", "not_joined"]

VOLUMES = "volumes"


def join_participants(
    reading: Reading, table: pd.DataFrame, ids: list[str], *, source: str, visit: str | None
) -> Reading:
    """The reading with the columns of a participants' table (`table` and its `ids`), joined on the id as text."""
    reading, table = replace(reading, others=composed(reading.others)), composed(table)
    ids = [unicodedata.normalize("NFC", i) for i in ids]
    mine, theirs, how = _matching(reading.subjects, ids)
    written = dict(zip(theirs, ids, strict=True))
    people = pd.Series(theirs)
    if people.duplicated().any():
        distinct = table.assign(**{"": theirs}).drop_duplicates()
        if visit in ("first", "last") and len(distinct) > people.nunique():
            distinct = distinct.drop_duplicates(subset="", keep="first" if visit == "first" else "last")
        table, theirs = distinct.drop(columns=""), list(distinct[""])
        people = pd.Series(theirs)
    if people.duplicated().any():
        again = list(dict.fromkeys(people[people.duplicated()]))
        problem = f"in {source} {len(again)} ids repeat with different values: {listed(again, 30)}; keep one row each"
        return replace(reading, problems=(*reading.problems, problem))
    known, measured = set(theirs), set(mine)
    if not known & measured:
        problem = (
            f"no id of the volumes is in {source}: the volumes have {listed(reading.subjects, 3)}; the participants "
            f"{listed(ids, 3)}.{_said_alike(mine, theirs)}".removesuffix(".")
        )
        return replace(reading, problems=(*reading.problems, problem))
    kept = [i for i, s in enumerate(mine) if s in known]
    without = list(dict.fromkeys(s for s, m in zip(reading.subjects, mine, strict=True) if m not in known))
    unused = [written[s] for s in theirs if s not in measured]
    hint = _said_alike([s for s in mine if s not in known], [s for s in theirs if s not in measured])
    joined = take_rows(reading, kept)
    rows = table.set_axis(theirs).loc[[mine[i] for i in kept]].reset_index(drop=True)
    others, note = _side_by_side(joined.others, rows)
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

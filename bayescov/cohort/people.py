"""Who is in the cohort: ids, and who was excluded."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from bayescov.cohort.reading import Reading
from bayescov.cohort.table import CheckResult
from bayescov.errors import nearest

__all__ = [
    "check_ids",
    "exclude_people",
    "listed",
    "people_of",
    "person_and_visit",
    "said_empty_ids",
    "take_rows",
]

_SESSION = re.compile(r"^(?P<person>.+?)_(?P<visit>ses-[0-9A-Za-z]+|run-[0-9]+)(?P<rest>_.*)?$")
_SUMMARIES = frozenset(
    ["mean", "average", "avg", "median", "sum", "total", "totals", "sd", "std", "stdev", "std dev", "standard deviation", "sem",
     "mittelwert", "summe", "moyenne", "ecart-type", "media"]
)  # fmt: skip
"""What spreadsheets call the rows below the people."""


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
    persons = [person_and_visit(s)[0] for s in reading.subjects]
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


def said_empty_ids(ids: Sequence[str], column: str) -> str:
    """A sentence if a row has no id, else nothing."""
    empty = [i + 1 for i, s in enumerate(ids) if not s]
    if not empty:
        return ""
    shown = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
    return f"the id column {column or '(the first)'!r} is empty in row {shown}; every row needs an id"


def check_ids(ids: Sequence[str]) -> list[CheckResult]:
    """Ids that name a summary of the table, and ids that may be one person's, written in two ways."""
    checks = []
    summaries = [s for s in ids if s.strip().casefold() in _SUMMARIES]
    if summaries:
        text = f"Taken for people, and called as rows that summarise a table are: {listed(summaries)}. Take them out."
        checks.append(CheckResult("summaries", False, text))
    alike = defaultdict(list)
    for written in dict.fromkeys(ids):
        alike[re.sub(r"(?<!\d)0+(?=\d)", "", written.casefold())].append(written)
    several = [" = ".join(names) for names in alike.values() if len(names) > 1]
    if several:
        text = f"Ids that differ in case or leading zeros only: {listed(several)}. Are they other people, or one person in two rows?"
        checks.append(CheckResult("ids alike", False, text))
    return checks


def person_and_visit(id: str) -> tuple[str, str]:
    """``sub-01`` and ``ses-02`` of ``sub-01_ses-02``; no visit where the id names none."""
    match = _SESSION.match(id) if "_ses-" in id or "_run-" in id else None
    return (match["person"] + (match["rest"] or ""), match["visit"]) if match else (id, "")

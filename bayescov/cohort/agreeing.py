"""What two tables say of the same people beside the volumes: where they disagree, and cells that one has and the other lacks."""

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from bayescov.cohort.columns import ID_NAMES, VISIT_NAMES
from bayescov.cohort.covariates import is_empty
from bayescov.cohort.levels import spelled_alike
from bayescov.cohort.people import listed, people_of
from bayescov.cohort.regions import key

__all__ = ["composed", "differing", "filled", "named_alike", "of_the_file", "said_differing"]

_ABOUT_FILES = re.compile(
    r"(?:^|[\W_])(?:version|file|filename|path|comments?|notes?|remarks?)(?:$|[\W_])", re.I
)
_FILES = frozenset(map(key, ID_NAMES)) - frozenset(map(key, VISIT_NAMES))


def composed(frame: pd.DataFrame) -> pd.DataFrame:
    """Text and header with letters and their accents in one: some systems write ``ü`` as two characters, others as one."""
    out = frame.rename(columns=lambda name: unicodedata.normalize("NFC", str(name)))
    return out.map(lambda cell: unicodedata.normalize("NFC", cell) if isinstance(cell, str) else cell)


def named_alike(columns: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Columns that the `known` ones have too but for case and punctuation (``Age``, ``age``), and what they are called there."""
    columns, known = list(columns), list(known)
    here, there = [key(c) for c in columns], {key(k): k for k in known}
    lone = [k for k in there if here.count(k) == 1 and sum(key(name) == k for name in known) == 1]
    return {c: there[k] for c, k in zip(columns, here, strict=True) if k in lone and c not in known}


def of_the_file(column: str) -> bool:
    """Whether a column tells of the file or the scan, not of the person: two tables may say different things in it."""
    return key(column) in _FILES or _ABOUT_FILES.search(column) is not None


def filled(first: pd.Series, second: pd.Series) -> pd.Series:
    """The first column; the second where nothing is there. What neither has is ``""``."""
    return first.where(~_empty(first), second).where(~(_empty(first) & _empty(second)), "")


def differing(a: pd.Series, b: pd.Series) -> pd.Series:
    """Where both columns say something, and not the same: neither as numbers, nor in another spelling (``F``, ``female``)."""
    apart = (a != b) & ~_empty(a) & ~_empty(b) & ~_same_number(a, b)
    pairs = set(zip(a[apart], b[apart], strict=True))
    alike = {(x, y) for x, y in pairs if spelled_alike([str(x), str(y)])}
    return apart & pd.Series(
        [pair not in alike for pair in zip(a, b, strict=True)], index=a.index, dtype=bool
    )


def said_differing(source: str, a: pd.DataFrame, b: pd.DataFrame, columns: Iterable[str]) -> str | None:
    """A sentence if the second table, `source`, states something else than the first in some of the columns."""
    said = []
    for column in columns:
        apart = differing(a[column], b[column])
        if apart.any():
            who = a.index[apart.to_numpy()][0]
            values = f"{b.loc[who, column]!r} in it and {a.loc[who, column]!r} there"
            said.append(f"{column!r} of {people_of(int(apart.sum()))} (first: {who}, {values})")
    if not said:
        return None
    return f"{source} disagrees with another table on {listed(said, 8)}; correct the wrong one, or take the column out of it"


def _empty(column: pd.Series) -> pd.Series:
    return column.map(lambda cell: not isinstance(cell, str) or is_empty(cell)).astype(bool)


def _same_number(a: pd.Series, b: pd.Series) -> pd.Series:
    x, y = pd.to_numeric(a, errors="coerce"), pd.to_numeric(b, errors="coerce")
    return (x - y).abs() <= 1e-9 * x.abs()

"""Participants with a row a visit beside volumes with a row a visit: which row of the one belongs to which of the other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bayescov.cohort.columns import VISIT_NAMES, usual_column
from bayescov.cohort.covariates import is_empty
from bayescov.cohort.regions import key
from bayescov.cohort.visits.choosing import visit_column

__all__ = ["OfVisits", "other_visits", "rows_of_visits", "shared_visit_column", "without_visits"]


@dataclass(frozen=True)
class OfVisits:
    """What the participants' table says of each row of the volumes.

    Attributes
    ----------
    rows : pandas.DataFrame
        A row for each of the volumes, without columns of visits.
    without : list of int
        Rows of the volumes whose visit the participants' table lacks.
    constant : list of str
        What these got: columns that do not change between visits.
    """

    rows: pd.DataFrame
    without: list[int]
    constant: list[str]


def shared_visit_column(table: pd.DataFrame, others: pd.DataFrame) -> str | None:
    """The participants' column of visits: the one called as that of the volumes, else the surest."""
    mine = visit_column(others)
    alike = [str(c) for c in table if mine is not None and key(str(c)) == key(mine)]
    return alike[0] if alike else visit_column(table)


def without_visits(table: pd.DataFrame) -> pd.DataFrame:
    """The table without its columns of visits: which visit the volumes are of, they say themselves."""
    return table.drop(columns=usual_column([str(c) for c in table], VISIT_NAMES))


def rows_of_visits(
    table: pd.DataFrame, theirs: Sequence[str], column: str, mine: Sequence[str], visits: Sequence[str]
) -> OfVisits:
    """The participants' row of each person and visit; where there is none, what is constant for the person.

    Parameters
    ----------
    table : pandas.DataFrame
        The participants, one row for each of their ids `theirs` and visits in `column`.
    theirs, mine : sequence of str
        Ids of the participants' rows and of the volumes' rows, all of whom are among the participants.
    column : str
    visits : sequence of str
        The visits of the volumes' rows.
    """
    my, their = _spelled_alike(list(visits), [str(v) for v in table[column]])
    where = {pair: i for i, pair in enumerate(zip(theirs, their, strict=True)) if not is_empty(pair[1])}
    slim = without_visits(table).reset_index(drop=True)
    constant = _constant(slim, theirs)
    both = pd.concat([slim, constant], ignore_index=True)
    of_person = {person: len(slim) + i for i, person in enumerate(constant.index)}
    found = [where.get(pair) for pair in zip(mine, my, strict=True)]
    taken = [of_person[p] if i is None else i for i, p in zip(found, mine, strict=True)]
    without = [i for i, row in enumerate(found) if row is None]
    given = both.iloc[[taken[i] for i in without]]
    return OfVisits(
        both.iloc[taken].reset_index(drop=True),
        without,
        [str(c) for c in given if (given[c] != "").any()],
    )


def other_visits(theirs: Sequence[str], mine: Sequence[str]) -> int:
    """How many rows of the participants' table name another visit than that of the volumes they are joined with."""
    a, b = _spelled_alike(list(theirs), list(mine))
    return sum(x != y and not is_empty(x) and not is_empty(y) for x, y in zip(a, b, strict=True))


def _constant(table: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """What is said once of a person, in columns that do not change for most of those who came several times.

    An age is constant for who came once, but not that of another visit.
    """
    people = pd.Series(list(ids), dtype=object)
    said = table.where(~table.map(lambda cell: is_empty(str(cell))))
    values = said.groupby(people, sort=False).nunique()
    several = (people.value_counts() > 1).reindex(values.index)
    steady = (values[several] <= 1).mean() > 0.5
    first = said.groupby(people, sort=False).first()
    return first.where((values <= 1) & steady).astype(object).fillna("")


def _spelled_alike(mine: list[str], theirs: list[str]) -> tuple[list[str], list[str]]:
    """Both lists of visits in a spelling in which they meet: ``ses-01`` and ``1``."""
    if set(mine) & set(theirs):
        return mine, theirs
    a, b = [_bare(v) for v in mine], [_bare(v) for v in theirs]
    apart = len(set(a)) == len(set(mine)) and len(set(b)) == len(set(theirs))
    return (a, b) if apart else (mine, theirs)


def _bare(visit: str) -> str:
    short = re.sub(r"^(?:ses|session|visit)[-_ ]*(?=.)", "", visit.strip().casefold())
    return re.sub(r"^0+(?=\d)", "", short)

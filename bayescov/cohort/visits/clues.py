"""What tells which row of a person is the first and which the last: names of visits, dates, ages; and whether it is certain."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayescov.cohort.columns import VISIT_NAMES, usual_column
from bayescov.cohort.numbers import is_missing_code, is_missing_word, to_numbers
from bayescov.cohort.people import listed
from bayescov.cohort.visits.dates import DATE_NAMES, readings_of_dates
from bayescov.cohort.visits.order import rank_visits

__all__ = ["Clue", "clues_of"]


@dataclass(frozen=True)
class Clue:
    """Cells from which the order of a person's rows may follow.

    Attributes
    ----------
    name : str
        What a sentence calls them: ``"visit (the column 'session')"``.
    cells : list of str
        One a row.
    kind : {"visit", "date", "age"}
    """

    name: str
    cells: list[str]
    kind: str

    @property
    def is_visit(self) -> bool:
        """Whether the cells are visits, so that they say which of them were taken."""
        return self.kind == "visit"

    def taken(self, people: Sequence[str], *, last: bool) -> tuple[dict[str, int] | None, str]:
        """The first (or last) row of every person; None and why, if that is not certain for all who have several."""
        counts = Counter(people)
        several = [i for i, p in enumerate(people) if counts[p] > 1]
        empty = next(
            (people[i] for i in several if is_missing_word(self.cells[i]) or is_missing_code(self.cells[i])),
            None,
        )
        if empty is not None:
            return None, f"{self.name} is empty in a row of {empty}"
        ways = self._ways([self.cells[i] for i in several])
        if not ways:
            return None, self._unread([self.cells[i] for i in several])
        found = [_extreme([people[i] for i in several], several, way, last=last) for way in ways]
        tied = next((p for rows in found for p, row in rows.items() if row is None), None)
        if tied is not None:
            return None, f"{self.name} is the same in several rows of {tied}"
        apart = next((p for p in found[0] if any(rows[p] != found[0][p] for rows in found)), None)
        if apart is not None:
            return None, f"day or month may come first in {self.name}, and for {apart} that decides"
        single = {p: i for i, p in enumerate(people) if counts[p] == 1}
        return {**single, **{p: row for p, row in found[0].items() if row is not None}}, ""

    def said(self, people: Sequence[str]) -> str:
        """The name, and for visits the order in which they were taken to follow each other."""
        if not self.is_visit:
            return self.name
        counts = Counter(people)
        cells = [c for c, p in zip(self.cells, people, strict=True) if counts[p] > 1]
        ranks: dict[str, float] = dict(zip(cells, self._ways(cells)[0], strict=True))
        in_order = sorted(ranks, key=lambda cell: ranks[cell])
        return f"{self.name}, in the order {listed(in_order, 12)}"

    def _ways(self, cells: Sequence[str]) -> list[list[float]]:
        """Numbers that grow with time, in every way to read the cells."""
        if self.kind == "age":
            ages = to_numbers(cells)[0]
            usable = np.isfinite(ages).all() and (ages >= 0).all()
            return [ages.tolist()] if usable else []
        dates = readings_of_dates([c.removeprefix("ses-") for c in cells])
        if dates or self.kind == "date":
            return dates
        ranks = rank_visits(list(dict.fromkeys(cells)))
        return [] if ranks is None else [[ranks[c] for c in cells]]

    def _unread(self, cells: Sequence[str]) -> str:
        if self.is_visit:
            return f"the order of {listed(list(dict.fromkeys(cells)), 12)} is not known from {self.name}"
        odd = "dates that are all written alike" if self.kind == "date" else "numbers in every row"
        return f"{self.name} does not hold {odd} ({listed(list(dict.fromkeys(cells)), 3)})"


def clues_of(others: pd.DataFrame, in_ids: list[str] | None) -> list[Clue]:
    """What a table has of clues, the one to go by first: visits (in the ids, in columns), dates, age."""
    columns = [str(c) for c in others.columns]
    clues = [] if in_ids is None else [Clue("visit (in the ids)", in_ids, "visit")]
    for names, kind in ((VISIT_NAMES, "visit"), (DATE_NAMES, "date"), (("age",), "age")):
        for column in usual_column(columns, names):
            said = "age" if kind == "age" else f"{kind} (the column {column!r})"
            clues.append(Clue(said, [str(c) for c in others[column]], kind))
    return clues


def _extreme(
    people: Sequence[str], rows: Sequence[int], order: Sequence[float], *, last: bool
) -> dict[str, int | None]:
    """The row of each person where `order` is lowest (or highest); None where several are."""
    best: dict[str, tuple[float, int | None]] = {}
    for person, row, value in zip(people, rows, order, strict=True):
        later = value if last else -value
        so_far = best.get(person)
        if so_far is None or later > so_far[0]:
            best[person] = (later, row)
        elif later == so_far[0]:
            best[person] = (later, None)
    return {person: row for person, (_, row) in best.items()}

"""What a reader hands over before anything is judged: people, numbers under canonical names, and what was met."""

import unicodedata
from dataclasses import dataclass, field, replace

import pandas as pd

from bayescov.cohort.table import CheckResult

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """People in rows, as one source gives them.

    Attributes
    ----------
    tool : str
        What wrote the source, as far as its content tells.
    subjects : list of str
        Ids as written, but for accents that are characters of their own (as in names of files on macOS), which are put
        together with their letters. They may repeat.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "subjects", [unicodedata.normalize("NFC", s) for s in self.subjects])

    def noting(self, *quirks: CheckResult) -> "Reading":
        """The same reading with further quirks."""
        return replace(self, quirks=(*self.quirks, *quirks))

    def stated(self) -> dict[str, str]:
        """The unit of each volume, as far as the source states it."""
        return {str(n): self.unit for n in self.volumes} if self.unit else self.units

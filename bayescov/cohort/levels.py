"""Levels of a covariate that are probably one, written in several ways: F, f and female."""

import re
from collections.abc import Iterable

import pandas as pd

__all__ = ["said_spellings", "spelled_alike"]

_MANY = 20
"""A column of text with more levels holds names or remarks."""

_BETWEEN = re.compile(r"(?<=[^\W\d_])[\s_.\-]+(?=[^\W_])|(?<=\d)[\s_\-]+(?=[^\W\d_])")
"""Blanks and hyphens in a name. Not those that say something: ``HLA+`` and ``HLA-``, 1.5 and 15."""

_WORDS = {
    "female": ("f", "w", "fem", "woman", "weiblich", "frau", "femme"),
    "male": ("m", "man", "männlich", "maennlich", "mann", "homme"),
    "yes": ("y", "ja", "true"),
    "no": ("n", "nein", "false"),
}
_MEANT = {spelling: word for word, spellings in _WORDS.items() for spelling in spellings}


def spelled_alike(levels: Iterable[str]) -> list[list[str]]:
    """Sets of levels that differ by case, blanks or hyphens, or are usual words for one thing.

    Examples
    --------
    >>> spelled_alike(["F", "M", "m ", "female", "site-1", "Site 1", "site-2"])
    [['F', 'female'], ['M', 'm '], ['site-1', 'Site 1']]
    """
    spelled: dict[str, list[str]] = {}
    for level in levels:
        folded = _BETWEEN.sub("", level.strip().rstrip(".").casefold())
        spelled.setdefault(_MEANT.get(folded, folded), []).append(level)
    return [names for names in spelled.values() if len(names) > 1]


def said_spellings(name: str, column: pd.Series) -> str | None:
    """A sentence if some levels of a covariate differ by spelling only."""
    if pd.api.types.is_numeric_dtype(column):
        return None
    counts = column.dropna().astype(str).value_counts()
    if len(counts) > _MANY:
        return None
    alike = [" and ".join(f"{g!r} ({counts[g]})" for g in names) for names in spelled_alike(counts.index)]
    return (
        f"Levels of {name!r} that differ by spelling only: {'; '.join(alike)}; are they one?"
        if alike
        else None
    )

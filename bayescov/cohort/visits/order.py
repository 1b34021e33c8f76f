"""In which order visits follow each other, where their names tell it for certain."""

import re
from collections.abc import Callable, Sequence

__all__ = ["rank_visits"]

_SCREENING = frozenset(["sc", "scr", "screen", "screening"])
_START = frozenset(["bl", "bsl", "base", "baseline", "initial", "test"])
_DAYS = (
    (("d", "day", "days"), 1.0),
    (("w", "wk", "wks", "week", "weeks"), 7.0),
    (("m", "mo", "mon", "mos", "mth", "mths", "month", "months"), 365.25 / 12),
    (("y", "yr", "yrs", "year", "years"), 365.25),
)
_UNITS = {unit: days for units, days in _DAYS for unit in units}
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_RANKS = {
    **{word: i for i, word in enumerate(_ORDINALS, 1)},
    **{f"{i}{('th', 'st', 'nd', 'rd')[i if i < 4 else 0]}": i for i in range(1, 11)},
}
_SAID_OF_ALL = frozenset(["visit", "ses", "session", "scan", "mri", "timepoint", "assessment", "exam"])
_AFTER = frozenset(["follow", "up", "followup", "fu", "fup", "after", "post"])
_BACKWARDS = frozenset(["pre", "before", "prior", "ago", "minus", "vor"])
"""Words with which a greater number is an earlier visit."""

_NEGATIVE = re.compile(rf"(?:^|\s|\b(?:t|{'|'.join(_UNITS)}))[-−–]\d")
"""``T-1``, ``day -7``: the hyphen may be a minus, and the order the other way round."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d)?")
"""Of more decimals it is not known whether 1.10 follows 1.2."""

_ARM = re.compile(r"[ _-]arm[ _-]?\d+$")
"""Which arm of a study a person is in: REDCap ends the names of all its events with it."""

_MOST = 100_000
"""Numbers from here on are dates (which other rules read) or no visits' numbers."""


def rank_visits(names: Sequence[str]) -> dict[str, float] | None:
    """A number for each name that grows with time; None if the names do not tell, or not for certain.

    Names must be of one kind: one common text and a number; times, with ``baseline`` and ``screening``; ``pre``, ``post``,
    ``baseline``, ``followup``; ``first``, ``second``.

    Examples
    --------
    >>> rank_visits(["ses-10", "ses-2"]), rank_visits(["baseline", "later"])
    ({'ses-10': 10.0, 'ses-2': 2.0}, None)
    >>> rank_visits(["1 year", "bl", "m06"])
    {'1 year': 365.25, 'bl': 0.0, 'm06': 182.625}
    """
    lowered = [re.sub(_ARM, "", name.strip().casefold()) for name in names]
    if not all(re.fullmatch(_NUMBER, n) for n in lowered) and any(map(_NEGATIVE.search, lowered)):
        return None
    for kind in (_plain_numbers, _numbered, _of_each(_time), _stages, _ordinals):
        ranks = kind(lowered)
        if ranks is not None:
            return dict(zip(names, ranks, strict=True))
    return None


def _plain_numbers(names: Sequence[str]) -> list[float] | None:
    if not all(re.fullmatch(_NUMBER, n) and abs(float(n)) < _MOST for n in names):
        return None
    return [float(n) for n in names]


def _numbered(names: Sequence[str]) -> list[float] | None:
    """``ses-01``, ``ses-02``: all the same but for the number."""
    parts = [re.fullmatch(r"(\D*[^\W\d]\D*?)(\d+(?:\.\d)?)(\D*)", n.replace(" ", "")) for n in names]
    found = [m for m in parts if m and float(m[2]) < _MOST]
    if len(found) < len(names) or len({(m[1], m[3]) for m in found}) > 1 or _BACKWARDS & {*_words(names[0])}:
        return None
    return [float(m[2]) for m in found]


def _time(name: str) -> float | None:
    """Days since the first visit: ``6 months``, ``w12``, ``1-year follow-up``; the visit itself, and screening before it."""
    words = [w for w in _words(name) if w not in _SAID_OF_ALL]
    if len(words) == 1 and words[0] in _SCREENING:
        return -1.0
    if len(words) == 1 and words[0] in {*_START, "pre"}:
        return 0.0
    words = [w for w in words if w not in _AFTER]
    if len(words) != 2:
        return None
    number, unit = words if words[0][0].isdigit() else reversed(words)
    return float(number) * _UNITS[unit] if number[0].isdigit() and unit in _UNITS else None


def _stages(names: Sequence[str]) -> list[float] | None:
    """Screening, baseline or before, after, follow-up and its number."""
    ranks: list[float] = []
    events = set()
    for name in names:
        joined = "".join(w for w in _words(name) if w not in _SAID_OF_ALL)
        later = re.fullmatch(r"(?:followup|fup|fu)(\d*)", joined)
        around = re.fullmatch(r"(pre|post|before|after)(.*)", joined)
        if joined in _SCREENING or joined in _START:
            ranks.append(-1.0 if joined in _SCREENING else 0.0)
        elif later:
            ranks.append(float(later[1] or 1))
        elif joined == "retest":
            ranks.append(0.5)
        elif around:
            events.add(around[2])
            ranks.append(0.0 if around[1] in ("pre", "before") else 0.5)
        else:
            return None
    return ranks if len(events) < 2 else None


def _ordinals(names: Sequence[str]) -> list[float] | None:
    """``first visit``, ``second visit``; ``1st``, ``2nd``; ``last``."""
    said = [re.findall(r"\d+[a-z]+|[^\W\d_]+|\d+", n) for n in names]
    if not all(said) or len({tuple(words[1:]) for words in said}) > 1:
        return None
    ranks = {**_RANKS, "last": float("inf")}
    return [ranks[words[0]] for words in said] if all(words[0] in ranks for words in said) else None


def _of_each(rank: Callable[[str], float | None]) -> Callable[[Sequence[str]], list[float] | None]:
    """The ranks of all names by a rule for one; None if it does not know one of them."""

    def of_all(names: Sequence[str]) -> list[float] | None:
        known = [r for r in map(rank, names) if r is not None]
        return known if len(known) == len(names) else None

    return of_all


def _words(name: str) -> list[str]:
    """Words and numbers of a name: ``m06`` has two."""
    return re.findall(r"[^\W\d_]+|\d+(?:\.\d+)?", name)

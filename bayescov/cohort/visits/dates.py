"""Dates as tables write them, in every reading that is possible: 12/03/2020 has two."""

import re
from collections.abc import Sequence
from datetime import datetime

from bayescov.cohort.numbers import is_missing_word

__all__ = ["DATE_NAMES", "readings_of_dates"]

DATE_NAMES = (
    "scan_date", "date_of_scan", "mri_date", "date_of_mri", "acq_time", "acq_date", "acquisition_time", "acquisition_date",
    "acquisition_date_time", "date_of_acquisition", "imaging_date", "image_date", "study_date", "session_date", "exam_date",
    "date_of_exam", "visit_date", "date_of_visit", "scan_time", "scandatetime", "date",
)  # fmt: skip
"""Names of columns that say when a scan was made, the surest first."""

_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_NAMED_MONTH = (
    "%d-%b-%Y",
    "%d %b %Y",
    "%d/%b/%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_NUMBERS = tuple(
    order.replace("-", mark)
    for mark in "/.-"
    for order in ("%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d")
)
_TIME = re.compile(
    r"(?P<date>.+?)(?:[T ]\s*(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d(?:\.\d+)?))?\s*(?P<half>[AP]M)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_DAY = 86400


def readings_of_dates(cells: Sequence[str]) -> list[list[float]]:
    """Seconds of each cell (NaN where nothing is there) in each way to read them all; empty if they are no dates.

    Examples
    --------
    >>> [[s // 86400 for s in way] for way in readings_of_dates(["2020-03-12", "2021-04-01"])]
    [[737496.0, 737881.0]]
    >>> len(readings_of_dates(["12/03/2020", "01/04/2021"])), len(readings_of_dates(["13/03/2020", "01/04/2021"]))
    (2, 1)
    """
    seen = dict.fromkeys(c for c in cells if not is_missing_word(c))
    ways = [{c: _seconds(c, form) for c in seen} for form in _possible(next(iter(seen), ""))]
    certain = [{c: s for c, s in way.items() if s is not None} for way in ways]
    return [[way.get(c, float("nan")) for c in cells] for way in certain if len(way) == len(seen)]


def _possible(cell: str) -> list[str]:
    """The formats in which one cell can be read: the others need not be tried on all."""
    return [f for f in (*_YEAR_FIRST, *_NAMED_MONTH, *_NUMBERS) if _seconds(cell, f) is not None]


def _seconds(cell: str, form: str) -> float | None:
    match = _TIME.fullmatch(cell.strip())
    if match is None or (form == "%Y%m%d" and len(match["date"]) != 8):
        return None
    try:
        day = datetime.strptime(match["date"], form).toordinal()
    except ValueError:
        return None
    hour = int(match["h"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    return float(day * _DAY + hour * 3600 + int(match["m"] or 0) * 60 + float(match["s"] or 0))

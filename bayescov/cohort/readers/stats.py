"""Statistics files in FreeSurfer's layout: ``# Measure`` lines and a table under ``# ColHeaders``."""

import re
from dataclasses import dataclass, field

__all__ = ["Stats", "looks_like_stats", "parse_stats"]

_UNITS = ("mm^3", "mm^2", "mm", "unitless")
_HEADER = re.compile(
    r"^# (Title|generating_program|cvs_version|subjectname|hemi|NRows|FastSurfer_version|ColHeaders)\s+(.*)$"
)


@dataclass
class Stats:
    """One statistics file.

    Attributes
    ----------
    header : dict
        ``generating_program``, ``cvs_version``, ``subjectname``, ``hemi``, ``FastSurfer_version`` where they are given.
    measures : dict
        Name -> number, of the ``# Measure`` lines in mm^3. FreeSurfer's lines have five fields and are known by the
        second; SAMSEG's have three and are known by the first.
    rows : dict
        Structure -> volume in mm3.
    columns : tuple
        Of the table.
    short : bool
        Whether the measures have three fields.
    faults : list of str
        What shows that the file is incomplete.
    """

    header: dict[str, str] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)
    rows: dict[str, float] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    short: bool = False
    faults: list[str] = field(default_factory=list)


def looks_like_stats(text: str) -> bool:
    """Whether a text is a statistics file, from its beginning."""
    start = text[:6000]
    return start.startswith("#") and (
        "# Measure " in start or "# ColHeaders" in start or "# Table of FreeSurfer" in start
    )


def parse_stats(text: str) -> Stats:
    """The measures and the table of a statistics file; lines that are cut off count as faults, never as numbers."""
    stats = Stats()
    lines = text.split("\n")
    complete = text.endswith("\n")
    place = width = -1
    for number, line in enumerate(lines):
        if line.startswith("# Measure "):
            _measure(line[10:], stats)
        elif line.startswith("#"):
            match = _HEADER.match(line)
            if match:
                stats.header[match[1]] = match[2].strip()
                if match[1] == "ColHeaders":
                    stats.columns = tuple(match[2].split())
                    width = len(stats.columns)
                    place = _volume_column(stats.columns)
        elif line.strip():
            cells = line.split()
            if place < 0 or len(cells) != width:
                stats.faults.append(f"line {number + 1} is incomplete ({line.strip()[:50]!r})")
                continue
            if number == len(lines) - 1 and not complete and place == width - 1:
                stats.faults.append(f"the last line is cut off ({line.strip()[:50]!r})")
                continue
            _row(cells, place, stats, number)
    _count_rows(stats)
    return stats


def _volume_column(columns: tuple[str, ...]) -> int:
    for name in ("Volume_mm3", "GrayVol"):
        if name in columns and "StructName" in columns:
            return columns.index(name)
    return -1


def _row(cells: list[str], place: int, stats: Stats, number: int) -> None:
    name = cells[stats.columns.index("StructName")]
    try:
        value = float(cells[place])
    except ValueError:
        stats.faults.append(f"line {number + 1} has {cells[place]!r} where the volume of {name} belongs")
        return
    if name in stats.rows:
        stats.faults.append(f"{name} is there twice")
        return
    stats.rows[name] = value


def _measure(text: str, stats: Stats) -> None:
    """``name, short name, description, value, unit`` or ``name, value, unit``; descriptions may hold commas."""
    fields = [f.strip() for f in text.split(",")]
    if len(fields) < 3 or fields[-1] not in _UNITS:
        stats.faults.append(f"a measure is incomplete ({text.strip()[:50]!r})")
        return
    if fields[-1] != "mm^3":
        return
    try:
        value = float(fields[-2])
    except ValueError:
        stats.faults.append(f"the measure {fields[0]!r} has no number")
        return
    stats.short = stats.short or len(fields) == 3
    # FreeSurfer 6 forgot a comma: "Cortex, CortexVol Total cortical gray matter volume, 553998.3, mm^3".
    name = fields[0] if len(fields) == 3 else fields[1].split(" ")[0]
    stats.measures.setdefault(name, value)


def _count_rows(stats: Stats) -> None:
    if "Title" in stats.header and not stats.rows:
        stats.faults.append("the table of structures is missing")
    promised = stats.header.get("NRows", "")
    if promised.isdigit() and int(promised) != len(stats.rows):
        stats.faults.append(f"the header promises {promised} structures, but {len(stats.rows)} are there")

"""FreeSurfer 5 to 8: ``stats/aseg.stats``, ``?h.aparc*.stats``, ``wmparc.stats``, ``brainvol.stats``. Real files were used.

Quirks: ``Left-Thalamus-Proper`` became ``Left-Thalamus`` with 7; version 5.1 writes whole numbers, calls head size
``IntraCranialVol`` and white matter ``CorticalWhiteMatter``; one comma is missing in version 6's ``CortexVol`` line.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from bayescov.cohort.people import listed
from bayescov.cohort.readers.grid import read_text
from bayescov.cohort.readers.stats import Stats, parse_stats
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult

__all__ = ["STATS_NAMES", "read_stats", "subject_of"]

STATS_NAMES = re.compile(
    r"(^|[_.\-])(aseg|aseg\+DKT(\.VINN)?|wmparc|wmparc\.DKTatlas\.mapped|brainvol|[lr]h\.aparc|[lr]h\.aparc\.DKTatlas(\.mapped)?"
    r"|samseg|samseg\.fs|sbtiv)\.stats$"
)
"""Names of the files that are read from a folder; a subject's other statistics hold no volumes we know."""

_ORDER = ("aseg", "aparc", "wmparc", "measures")


def read_stats(files: Iterable[Path], atlas: Atlas) -> Reading:
    """One person a subject, from any mixture of statistics files."""
    people: dict[str, list[tuple[str, Path, Stats]]] = {}
    quirks: list[CheckResult] = []
    for path in files:
        text, met = read_text(path)
        quirks += met
        stats = parse_stats(text)
        people.setdefault(subject_of(path, stats), []).append((_kind(stats), path, stats))
    values: dict[str, dict[str, float]] = {}
    versions: list[str] = []
    tools: dict[str, int] = {}
    columns: dict[str, str] = {}
    faults: list[str] = []
    problems: list[str] = []
    finder = _Finder(atlas, columns)
    for subject, parts in people.items():
        parts.sort(key=lambda part: (_ORDER.index(part[0]), "DKT" in part[1].name, part[1].name))
        values[subject] = _volumes_of(subject, parts, finder, problems)
        tool, version = _writer([stats for _, _, stats in parts], [path for _, path, _ in parts])
        tools[tool] = tools.get(tool, 0) + 1
        versions.append(version)
        faults += [f"{path}: {fault}" for _, path, stats in parts for fault in stats.faults]
    if faults:
        text = f"Signs of incomplete files ({len(faults)}): {listed(faults, 8)}. What is missing counts as missing."
        quirks.append(CheckResult("incomplete files", False, text))
    if finder.unknown:
        text = f"Structures that no atlas knows, not taken: {listed(sorted(finder.unknown), 20)}."
        quirks.append(CheckResult("unknown structures", None, text))
    if len(tools) > 1:
        shown = listed([f"{t} ({n} people)" for t, n in tools.items()])
        quirks.append(
            CheckResult(
                "tools",
                False,
                f"The files were written by several tools: {shown}; their volumes are not alike.",
            )
        )
    others = pd.DataFrame({"tool_version": pd.Series(versions, dtype=object)}, index=range(len(values)))
    if not any(versions):
        others = others[[]]
    return Reading(
        tool=" and ".join(tools),
        subjects=list(values),
        volumes=_table(values, finder),
        others=others,
        unit="mm3",
        columns=columns,
        quirks=tuple(quirks),
        problems=tuple(problems),
    )


class _Finder:
    """Canonical names of structures, looked up once."""

    def __init__(self, atlas: Atlas, columns: dict[str, str]) -> None:
        self.atlas, self.columns = atlas, columns
        self.unknown: set[str] = set()
        self._known: dict[str, str | None] = {}

    def __call__(self, written: str) -> str | None:
        if written not in self._known:
            region = self.atlas.find(written)
            self._known[written] = None if region is None else region.name
            if region is None:
                self.unknown.add(written)
            else:
                self.columns.setdefault(region.name, written)
        return self._known[written]


def _table(values: dict[str, dict[str, float]], finder: _Finder) -> pd.DataFrame:
    names = list(finder.columns)
    place = {name: j for j, name in enumerate(names)}
    table = np.full((len(values), len(names)), np.nan)
    for i, of_subject in enumerate(values.values()):
        for name, value in of_subject.items():
            table[i, place[name]] = value
    return pd.DataFrame(table, columns=names, index=range(len(values)))


def _kind(stats: Stats) -> str:
    if "GrayVol" in stats.columns:
        return "aparc"
    if not stats.rows:
        return "measures"
    return "wmparc" if sum(n.startswith("wm-") for n in stats.rows) > len(stats.rows) / 3 else "aseg"


def subject_of(path: Path, stats: Stats) -> str:
    """Whose file it is: the folder above ``stats``, the beginning of the file's name, the header, the folder."""
    if path.parent.name == "stats":
        return path.parent.parent.name
    match = STATS_NAMES.search(path.name)
    if match and match.start() > 0:
        return path.name[: match.start()]
    return stats.header.get("subjectname") or path.resolve().parent.name


def _volumes_of(
    subject: str, parts: list[tuple[str, Path, Stats]], finder: _Finder, problems: list[str]
) -> dict[str, float]:
    """All volumes of one person; the first file that has a structure gives it (Desikan-Killiany before DKT)."""
    found: dict[str, float] = {}
    for kind, path, stats in parts:
        hemisphere = stats.header.get("hemi") or (path.name.rsplit("h.aparc", 1)[0][-1:] + "h")
        prefix = f"ctx-{hemisphere}-" if kind == "aparc" else ""
        for source in (stats.measures, stats.rows):
            for name, value in source.items():
                if name in ("Unknown", "Background"):
                    continue
                canonical = finder(prefix + name if source is stats.rows else name)
                if canonical is None:
                    continue
                known = found.setdefault(canonical, value)
                whole_head = canonical in finder.atlas and finder.atlas[canonical].kind == "icv"
                if whole_head and abs(known - value) > 1e-3 * abs(known):
                    problems.append(
                        f"{subject}: the files give two head sizes, {known:.0f} and {value:.0f} mm3; they are not of one run"
                    )
    return found


def _writer(stats: list[Stats], paths: list[Path]) -> tuple[str, str]:
    """Tool and version, from the headers."""
    header: dict[str, str] = {}
    for one in reversed(stats):
        header.update(one.header)
    program = header.get("generating_program", "")
    fast = header.get("FastSurfer_version")
    if fast or any("segstats.py" in s.header.get("generating_program", "") for s in stats):
        return "FastSurfer", f"FastSurfer {fast}" if fast else "FastSurfer"
    if any(s.short for s in stats) or ("mri_segstats" not in program and len(stats[0].columns) == 5):
        return "SAMSEG", ""
    version = header.get("cvs_version", "")
    match = re.search(r",v ([\d.]+) (\d{4})/", version)
    if match:
        release = {"2011": "5.1", "2012": "5.2", "2013": "5.3", "2016": "6.0"}.get(match[2])
        return "FreeSurfer", f"FreeSurfer {release}" if release else f"FreeSurfer of {match[2]}"
    return "FreeSurfer", f"FreeSurfer {version.split()[0]}" if version else ""

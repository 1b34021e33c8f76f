"""The folder a tool made: which of its files hold volumes, and whose they are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path

from bayescov.cohort.people import listed
from bayescov.cohort.readers import cat12, fsl
from bayescov.cohort.readers.fastsurfer import is_fastsurfer, read_fastsurfer
from bayescov.cohort.readers.freesurfer import STATS_NAMES, read_stats
from bayescov.cohort.readers.recognise import read_file
from bayescov.cohort.readers.stats import looks_like_stats
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.several import join, stack
from bayescov.cohort.table import CheckResult
from bayescov.errors import TableError

__all__ = ["read_folder"]

_DEEPEST = 6
_SKIPPED = frozenset(
    [
        "mri",
        "surf",
        "scripts",
        "touch",
        "tmp",
        "trash",
        "bem",
        "figures",
        "anat",
        "func",
        "dwi",
        "fmap",
        "src",
    ]
)
_NO_VOLUMES = frozenset(
    ["participants.tsv", "readme.txt", "source.txt", "license.txt", "dataset_description.json"]
)


def read_folder(path: Path, atlas: Atlas, id: str | None = None, extra: tuple[str, ...] = ()) -> Reading:
    """All people of a folder: a ``subjects_dir``, the output of another tool, or tables to be put together.

    Raises
    ------
    TableError
        If no file holds volumes, or several tools wrote into the folder.
    """
    stats, samseg, reports, xml, tables = _sorted(path)
    families = {
        "FreeSurfer or FastSurfer": stats,
        "SAMSEG": samseg,
        "FSL": reports,
        "CAT12": xml,
    }
    found = {name: files for name, files in families.items() if files}
    if len(found) > 1:
        shown = listed([f"{name} ({len(files)} files)" for name, files in found.items()])
        raise TableError(
            f"several tools wrote into the folder: {shown}; name the folder or file of one", source=str(path)
        )
    if stats:
        fast = any(is_fastsurfer(p.name) for p in stats)
        return read_fastsurfer(stats, atlas) if fast else read_stats(stats, atlas)
    if samseg:
        return replace(read_stats(samseg, atlas), tool="SAMSEG")
    if reports:
        return _by_person([fsl.read_fsl([p], atlas) for p in reports])
    if xml:
        return cat12.read_cat12(xml, atlas)
    return _tables(path, tables, atlas, id, extra)


def _sorted(path: Path) -> tuple[list[Path], list[Path], list[Path], list[Path], list[Path]]:
    """The files that may hold volumes: FreeSurfer's, SAMSEG's, FSL's, CAT12's, tables."""
    stats: list[Path] = []
    samseg: list[Path] = []
    reports: list[Path] = []
    xml: list[Path] = []
    tables: list[Path] = []
    for file in _files(path, 0):
        name = file.name
        if name.endswith(".stats"):
            match = STATS_NAMES.search(name)
            if match and ("samseg" in match[2] or match[2] == "sbtiv"):
                samseg.append(file)
            elif match or (file.parent.name != "stats" and _is_stats(file)):
                stats.append(file)
        elif name.endswith((".sienax", "segstats.json")) or "firstSeg" in name:
            reports.append(file)
        elif name.endswith(".xml") and name.startswith(("catROI", "cat_")):
            xml.append(file)
        elif name.endswith((".csv", ".tsv", ".txt", ".dat")) and name.lower() not in _NO_VOLUMES:
            tables.append(file)
    plain = {p.parent for p in samseg if p.name.endswith("samseg.stats")}
    samseg = [p for p in samseg if not (p.name.endswith("samseg.fs.stats") and p.parent in plain)]
    return stats, samseg, reports, xml, tables


def _files(folder: Path, depth: int) -> Iterator[Path]:
    """Files below a folder, sorted, not too deep, without the folders of images and surfaces."""
    with _opening(folder):
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    for entry in entries:
        if entry.name.startswith("."):
            continue
        with _opening(entry.path):  # where a link leads may be forbidden, or nowhere
            is_folder = entry.is_dir()
        if is_folder:
            if depth < _DEEPEST and entry.name not in _SKIPPED and entry.name != "fsaverage":
                yield from _files(Path(entry.path), depth + 1)
        else:
            yield Path(entry.path)


@contextmanager
def _opening(place: str | Path) -> Iterator[None]:
    """Say which file or folder the system refuses to open."""
    try:
        yield
    except OSError as error:
        sentence = f"{place} cannot be opened ({error.strerror or error}); name the folder or the file that holds the volumes"
        raise TableError(sentence, source=str(place)) from error


def _is_stats(file: Path) -> bool:
    with _opening(file), file.open("rb") as opened:
        return looks_like_stats(opened.read(6000).decode("latin-1"))


def _tables(path: Path, tables: list[Path], atlas: Atlas, id: str | None, extra: tuple[str, ...]) -> Reading:
    """All tables of a folder that hold volumes (or scores that go with them)."""
    readings: list[Reading] = []
    unread: list[str] = []
    for file in tables:
        try:
            reading = read_file(file, atlas, id, extra)
        except TableError as error:
            unread.append(f"{file.name} ({error.problems[0]})")
            continue
        if reading.volumes.shape[1] == 0 and "scores" not in reading.tool:
            unread.append(f"{file.name} (no known region)")
        else:
            readings.append(replace(reading, source=file.name))
    if not any(r.volumes.shape[1] for r in readings):
        why = f": {listed(unread, 8)}" if unread else ""
        raise TableError(f"no file in the folder holds volumes that are known{why}", source=str(path))
    together = _by_person(readings)
    if unread:
        together = together.noting(CheckResult("files not read", None, f"Not read: {listed(unread, 8)}."))
    return together


def _by_person(readings: list[Reading]) -> Reading:
    """Readings of the same people side by side, of different people one under the other."""
    tool = " and ".join(dict.fromkeys(r.tool for r in readings))
    readings = sorted(readings, key=lambda r: r.volumes.shape[1] == 0)
    groups: list[list[Reading]] = []
    for reading in readings:
        ids = set(reading.subjects)
        for group in groups:
            if any(ids & set(member.subjects) for member in group):
                group.append(reading)
                break
        else:
            groups.append([reading])
    joined = [reduce(join, group) for group in groups]
    if len(joined) == 1:
        return replace(joined[0], tool=tool)
    return stack(joined, tool)

"""CAT12: ``label/catROI_*.xml``, ``report/cat_*.xml`` and the exported table of one measure.

Reconstructed from the program's own code and a parser of its files; no real file was at hand. Volumes are in ml. The XML
gives gray and white matter of each structure, which are added up; a table holds one measure, usually gray matter, which
is only a part of the thalamus, the pallidum and the brain-stem.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from bayescov.cohort.numbers import to_number
from bayescov.cohort.people import listed
from bayescov.cohort.readers.delimited import wide
from bayescov.cohort.readers.grid import Grid, read_text
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult

__all__ = ["is_cat12_table", "looks_like_cat12", "read_cat12", "read_cat12_table"]

ATLASES = ("neuromorphometrics", "cobra", "lpba40", "hammers", "aal3", "thalamus", "suit")
"""Atlases of regions, the first that is there is read."""

_NEUROMORPHOMETRICS = {
    "acc": "Accumbens-area",
    "vendc": "VentralDC",
    "venven dc": "VentralDC",
    "bst": "Brain-Stem",
}
_SIDED = re.compile(r"^([lrb])([A-Z0-9].*)$")


def looks_like_cat12(text: str) -> bool:
    """Whether an XML text is CAT12's."""
    return "<S>" in text[:2000] and ("<names>" in text or "<subjectmeasures>" in text)


def read_cat12(files: Iterable[Path], atlas: Atlas) -> Reading:
    """One person a subject, from the XML files of label and report."""
    people: dict[str, dict[str, float]] = {}
    versions: dict[str, str] = {}
    columns: dict[str, str] = {}
    problems: list[str] = []
    quirks: list[CheckResult] = []
    used: set[str] = set()
    for path in files:
        subject = re.sub(r"^(catROIs?|cat)_", "", path.stem).removesuffix("_RECONSTRUCTED")
        subject = re.sub(r"_RECONSTRUCTED.*$", "", subject)
        found = people.setdefault(subject, {})
        text, met = read_text(path)
        quirks += met
        try:
            root = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            problems.append(f"{path.name} is damaged: {error}")
            continue
        found.update(_regions(root, path, atlas, columns, problems, used))
        measures, version = _report(root, path, problems)
        found.update(measures)
        versions[subject] = version or versions.get(subject, "")
    if used:
        text = (
            f"Volumes of a structure are its gray plus its white matter, of the atlas {listed(sorted(used))}."
        )
        quirks.append(CheckResult("CAT12 measure", True, text))
    others = pd.DataFrame({"tool_version": [versions.get(s, "") for s in people]}, dtype=object)
    return Reading(
        tool="CAT12",
        subjects=list(people),
        volumes=pd.DataFrame(list(people.values()), index=range(len(people))),
        others=others if any(versions.values()) else others[[]],
        unit="cm3",
        columns={**columns, "icv": "vol_TIV"},
        quirks=tuple(quirks),
        problems=tuple(problems),
    )


def canonical(name: str, atlas: Atlas) -> str:
    """The canonical name of an abbreviation such as ``rThaPro``; unknown ones keep their own."""
    match = _SIDED.match(name)
    if match:
        side = {"l": "Left-", "r": "Right-", "b": ""}[match[1]]
        structure = _NEUROMORPHOMETRICS.get(match[2].lower())
        if structure is not None:
            return structure if structure == "Brain-Stem" else side + structure
    region = atlas.find(name)
    return name if region is None else region.name


def _regions(
    root: ElementTree.Element,
    path: Path,
    atlas: Atlas,
    columns: dict[str, str],
    problems: list[str],
    used: set[str],
) -> dict[str, float]:
    for which in (*ATLASES, *(child.tag for child in root)):
        block = root.find(which)
        if block is None or block.find("names") is None:
            continue
        names = [(item.text or "").strip() for item in block.iterfind("names/item")]
        parts = [_numbers(block, measure) for measure in ("Vgm", "Vwm")]
        parts = [p for p in parts if p]
        lengths = {len(p) for p in parts}
        if not parts or lengths != {len(names)}:
            problems.append(
                f"{path.name}: {len(names)} names but {', '.join(map(str, lengths)) or 'no'} values in {which}"
            )
            return {}
        used.add(which)
        found: dict[str, float] = {}
        for j, name in enumerate(names):
            known = canonical(name, atlas)
            columns.setdefault(known, name)
            found[known] = sum(p[j] for p in parts)
        return found
    return {}


def _numbers(block: ElementTree.Element, measure: str) -> list[float]:
    text = (block.findtext(f"data/{measure}") or "").strip().strip("[]")
    try:
        return [to_number(cell) for cell in re.split(r"[;\s]+", text) if cell]
    except ValueError:
        return []


def _report(root: ElementTree.Element, path: Path, problems: list[str]) -> tuple[dict[str, float], str]:
    """Head size and tissues of a report; their order is CSF, gray, white."""
    found: dict[str, float] = {}
    total = root.findtext("subjectmeasures/vol_TIV")
    try:
        if total:
            found["icv"] = to_number(total)
        tissues = (root.findtext("subjectmeasures/vol_abs_CGW") or "").strip().strip("[]")
        cells = [to_number(c) for c in re.split(r"[;\s]+", tissues) if c]
    except ValueError as error:
        problems.append(f"{path.name}: {error} is no number")
        return {}, ""
    for name, value in zip(("Total-CSF", "Total-Gray-Matter", "Total-White-Matter"), cells, strict=False):
        found[name] = value
    version = root.findtext("software/version_cat") or ""
    return found, f"CAT12 {version}" if version else ""


def is_cat12_table(grid: Grid, atlas: Atlas) -> bool:
    """Whether the first column is ``names`` and the others are a structure's abbreviation with its side."""
    sided = sum(_SIDED.match(n) is not None for n in grid.names[1:])
    return grid.names[0] in ("names", "") and sided >= 4 and sided > 0.5 * (len(grid.names) - 1)


def read_cat12_table(grid: Grid, atlas: Atlas) -> Reading:
    """The exported table of one measure, in ml."""
    name = Path(grid.source).name
    measure = next((m for m in ("Vgm", "Vwm", "Vcsf") if m.lower() in name.lower()), "")
    known = [canonical(n, atlas) for n in grid.names[1:]]
    reading = wide(replace(grid, names=["names", *known]), atlas, id="names", extra=tuple(known))
    columns = dict(zip(known, grid.names[1:], strict=True))
    what = {"Vgm": "gray matter", "Vwm": "white matter", "Vcsf": "CSF", "": "one tissue"}[measure]
    text = f"The table holds the {what} of each structure" + (
        ": thalamus, pallidum and brain-stem are larger than that." if what != "CSF" else ", not its volume."
    )
    return replace(reading, tool="CAT12 table", unit="cm3", columns=columns).noting(
        CheckResult("CAT12 measure", None, text)
    )

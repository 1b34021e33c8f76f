"""FSL: FIRST (``fslstats`` lines with names, JSON of ReproNim's workflow) and ``report.sienax``. Real files were used.

FIRST gives no head size, and its brain-stem reaches further down than FreeSurfer's. SIENAX gives tissues only; the
unnormalised volumes are read, and ``vscaling`` is kept as a covariate: raw volume times vscaling is the normalised one.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from bayescov.cohort.numbers import to_number
from bayescov.cohort.people import listed
from bayescov.cohort.readers.grid import read_text
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult

__all__ = ["looks_like_first", "looks_like_segstats", "looks_like_sienax", "read_fsl"]

_LINE = re.compile(r"^\s*(\d+)\s+(\d+(?:\.\d+)?)(?:\s+(\S.*?))?\s*$")
_SIENAX = re.compile(r"^(pgrey|vcsf|GREY|WHITE|BRAIN)\s+(\S+)\s+(\S+)", re.MULTILINE)
_TISSUES = {
    "csf": "Total-CSF", "gray": "Total-Gray-Matter", "white": "Total-White-Matter", "grey": "Total-Gray-Matter",
    "brain": "Total-Brain", "pgrey": "Peripheral-Gray-Matter", "vcsf": "Ventricular-CSF",
}  # fmt: skip


def looks_like_sienax(text: str) -> bool:
    """Whether a text is SIENAX's report."""
    return "VSCALING" in text and _SIENAX.search(text) is not None


def looks_like_first(text: str) -> bool:
    """Whether every line is voxels, mm3 and perhaps a name."""
    lines = [line for line in text.split("\n") if line.strip()]
    return bool(lines) and all(_LINE.match(line) for line in lines)


def looks_like_segstats(text: str) -> bool:
    """Whether a text is JSON of structures with voxels and mm3."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        data = json.loads(text)
    except ValueError:
        return False
    return isinstance(data, dict) and any(isinstance(v, list) and len(v) == 2 for v in data.values())


def read_fsl(files: Iterable[Path], atlas: Atlas) -> Reading:
    """One person a file."""
    subjects: list[str] = []
    rows: list[dict[str, float]] = []
    scaling: list[str] = []
    columns: dict[str, str] = {}
    problems: list[str] = []
    quirks: list[CheckResult] = []
    tools: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for path in files:
        text, met = read_text(path)
        quirks += met
        if looks_like_sienax(text):
            written, factor = _sienax(text, path, problems)
            tool = "FSL SIENAX"
        else:
            written, factor = _first(text, path, problems), ""
            tool = "FSL FIRST"
        tools[tool] = None
        subjects.append(_subject(path))
        rows.append(_canonical(written, atlas, columns, unknown))
        scaling.append(factor)
    if unknown:
        text = f"Structures that no atlas knows, not taken: {listed(list(unknown), 20)}."
        quirks.append(CheckResult("unknown structures", None, text))
    if "FSL FIRST" in tools:
        text = "FIRST gives no head size; join icv or SIENAX's vscaling as a covariate. Its brain-stem is not FreeSurfer's."
        quirks.append(CheckResult("FIRST", None, text))
    if "FSL SIENAX" in tools:
        text = "Unnormalised volumes were read; vscaling is a covariate (the inverse of head size)."
        quirks.append(CheckResult("SIENAX", True, text))
    others = pd.DataFrame({"vscaling": pd.Series(scaling, dtype=object)}, index=range(len(subjects)))
    return Reading(
        tool=" and ".join(tools),
        subjects=subjects,
        volumes=pd.DataFrame(rows, index=range(len(subjects))),
        others=others if any(scaling) else others[[]],
        unit="mm3",
        columns=columns,
        quirks=tuple(quirks),
        problems=tuple(problems),
    )


def _subject(path: Path) -> str:
    """From the file's name, or from its folder where every person's file is called alike."""
    if path.suffix == ".sienax" or path.name in ("firstSeg.txt", "segstats.json"):
        folder = path.resolve().parent.name
        return folder.removesuffix("_sienax").removesuffix("_brain")
    return path.stem.removesuffix("_segstats").removesuffix("_firstSeg")


def _first(text: str, path: Path, problems: list[str]) -> dict[str, float]:
    if text.lstrip().startswith("{"):
        try:
            data = json.loads(text)
        except ValueError as error:
            problems.append(f"{path.name} is damaged JSON: {error}")
            return {}
        if not isinstance(data, dict):
            problems.append(f"{path.name} holds no structures")
            return {}
        odd = [k for k, v in data.items() if not _is_pair(v)]
        if odd:
            problems.append(f"{path.name}: no voxels and mm3 for {listed(odd)}")
        return {str(k): float(v[1]) for k, v in data.items() if _is_pair(v)}
    found: dict[str, float] = {}
    nameless = 0
    for line in text.split("\n"):
        match = _LINE.match(line)
        if match and match[3]:
            found[match[3]] = float(match[2])
        elif match:
            nameless += 1
    if nameless:
        problems.append(
            f"{path.name} has {nameless} lines of voxels and mm3 without a name (fslstats -V), so structures cannot be told; "
            "write the name behind the numbers"
        )
    return found


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, int | float) for v in value)


def _sienax(text: str, path: Path, problems: list[str]) -> tuple[dict[str, float], str]:
    """Unnormalised volumes and VSCALING. Normalised = unnormalised x VSCALING; where not, the report is damaged."""
    factor = re.search(r"VSCALING\s+(\S+)", text)
    written = factor[1] if factor else ""
    scale = _number(written, "VSCALING", path, problems)
    found: dict[str, float] = {}
    for name, normalised, raw in _SIENAX.findall(text):
        value, scaled = (_number(cell, f"the volume of {name}", path, problems) for cell in (raw, normalised))
        if value is None or scaled is None or scale is None:
            continue
        found[name] = value
        if value * scale <= 0 or abs(scaled / (value * scale) - 1) > 0.01:
            problems.append(f"{path.name}: the normalised volume of {name} is not its volume times VSCALING")
    if "BRAIN" not in found:
        problems.append(f"{path.name} has no line BRAIN that can be read; the report is incomplete")
    return found, written


def _number(cell: str, what: str, path: Path, problems: list[str]) -> float | None:
    try:
        return to_number(cell)
    except ValueError:
        problems.append(f"{path.name}: {what} is {cell!r}, which is no number")
        return None


def _canonical(
    written: Mapping[str, float], atlas: Atlas, columns: dict[str, str], unknown: dict[str, None]
) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in written.items():
        tissue = _TISSUES.get(name.lower())
        region = atlas.find(name) if tissue is None else atlas[tissue]
        if region is None:
            if name != "Background":
                unknown[name] = None
            continue
        found[region.name] = value
        columns.setdefault(region.name, name)
    return found

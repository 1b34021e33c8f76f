"""Regions of the user's own: an atlas described by a CSV file."""

import csv
import os
from pathlib import Path

from bayescov.cohort.regions import Atlas, Region, default_atlas
from bayescov.errors import TableError, nearest

__all__ = ["read_atlas"]

COLUMNS = (
    "name", "hemisphere", "structure", "homologue", "kind", "x", "y", "z", "typical_mm3", "low_mm3", "high_mm3", "synonyms",
)  # fmt: skip
HEMISPHERES = ("left", "right", "midline", "both")


def read_atlas(path: str | os.PathLike[str] | None) -> Atlas:
    r"""The packaged atlas, extended by the regions of a CSV file.

    Parameters
    ----------
    path : path or None
        One line a region. Only the column ``name`` is needed; others that are used: ``hemisphere`` (left, right, midline,
        both), ``structure``, ``homologue``, ``kind``, ``x``, ``y``, ``z`` (MNI, mm), ``typical_mm3``, ``low_mm3``,
        ``high_mm3``, ``synonyms`` (whole names, parted by ``;``). None gives the packaged atlas.

    Raises
    ------
    TableError
        Listing every line that cannot be used.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "atlas.csv"
    ...     _ = file.write_text("name,hemisphere,structure,synonyms\nLeft-CA1,left,CA1,lh_CA1;CA1_L\n")
    ...     atlas = read_atlas(file)
    >>> atlas.find("CA1_L").name
    'Left-CA1'
    """
    if path is None:
        return default_atlas()
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"the atlas cannot be read: {error}", source=str(path)) from error
    rows = csv.DictReader(text.splitlines())
    header = [c.strip() for c in rows.fieldnames or []]
    rows.fieldnames = header
    unknown = [c for c in header if c not in COLUMNS]
    problems = [f"the column {c!r} is not known{nearest(c, COLUMNS)}" for c in unknown]
    if "name" not in header:
        problems.append(f"an atlas needs a column 'name'; it has: {', '.join(header) or 'none'}")
        raise TableError(problems, source=str(path))
    regions = [r for i, row in enumerate(rows, 2) if (r := _region(row, i, problems)) is not None]
    names = [r.name for r in regions]
    problems += [
        f"the region {n!r} is there {names.count(n)} times; keep one of its rows"
        for n in dict.fromkeys(names)
        if names.count(n) > 1
    ]
    known = {*names, *default_atlas().regions}
    problems += [
        f"the homologue of {r.name!r} is {r.homologue!r}, which is no region{nearest(r.homologue, names)}"
        for r in regions
        if r.homologue and r.homologue not in known
    ]
    if not regions and not problems:
        problems.append("the atlas has no line under its header")
    if problems:
        raise TableError(problems, source=str(path))
    return default_atlas().extended(regions)


def _region(row: dict[str, str], line: int, problems: list[str]) -> Region | None:
    cells = {k: (v or "").strip() for k, v in row.items() if k in COLUMNS}
    name = cells["name"]
    if not name:
        problems.append(f"line {line} has no name")
        return None
    hemisphere = cells.get("hemisphere", "").lower() or "midline"
    if hemisphere not in HEMISPHERES:
        problems.append(
            f"line {line} ({name}): hemisphere {hemisphere!r} is none of {', '.join(HEMISPHERES)}"
        )
        return None
    numbers: dict[str, float | None] = {}
    for column in ("x", "y", "z", "typical_mm3", "low_mm3", "high_mm3"):
        text = cells.get(column, "")
        try:
            numbers[column] = float(text) if text else None
        except ValueError:
            problems.append(f"line {line} ({name}): {column} is {text!r}, which is no number")
            return None
    x, y, z = numbers["x"], numbers["y"], numbers["z"]
    return Region(
        name=name,
        hemisphere=hemisphere,
        structure=cells.get("structure") or name,
        kind=cells.get("kind") or "user",
        homologue=cells.get("homologue") or None,
        mni=(x, y, z) if x is not None and y is not None and z is not None else None,
        typical=numbers["typical_mm3"],
        low=numbers["low_mm3"],
        high=numbers["high_mm3"],
        spellings=tuple(s.strip() for s in cells.get("synonyms", "").split(";") if s.strip()),
    )

"""Wide tables: one row a person, one column a region, in any tool's spelling."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.columns import find_column, is_id_name
from bayescov.cohort.numbers import MISSING_NUMBERS, to_numbers
from bayescov.cohort.people import listed, said_empty_ids
from bayescov.cohort.readers.grid import Grid, read_grid, read_text
from bayescov.cohort.readers.marks import with_points
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas, strip_measure
from bayescov.cohort.table import CheckResult

__all__ = ["grid_of", "ids_of", "merge_columns", "wide"]

_SPREADSHEET_ID = re.compile(r"^\d[.,]\d+[eE]\+\d+$")
Floats = npt.NDArray[np.float64]


def grid_of(path: Path, atlas: Atlas) -> Grid:
    """The cells of a delimited file; columns that name regions are read as numbers."""
    text, quirks = read_text(path)
    grid = read_grid(text, str(path), lambda name: atlas.find(name) is not None)
    return Grid(
        grid.names,
        grid.frame,
        grid.delimiter,
        grid.decimal,
        (*quirks, *grid.quirks),
        grid.problems,
        str(path),
    )


def wide(
    grid: Grid,
    atlas: Atlas,
    *,
    id: str | None = None,
    extra: tuple[str, ...] = (),
    spelled: Callable[[str], str] | None = None,
) -> Reading:
    """One row a person, one column a region.

    Parameters
    ----------
    grid : Grid
    atlas : Atlas
        The regions that are known.
    id : str, optional
        The column of ids; found by its name if not given.
    extra : tuple of str
        Columns to be read as volumes though no atlas knows them.
    spelled : callable, optional
        From a column's name to a spelling that the atlas knows.
    """
    problems, quirks = list(grid.problems), list(grid.quirks)
    where, subjects, problem = ids_of(grid, id, quirks)
    problems += [problem] if problem else []
    found: dict[str, list[int]] = {}
    spelled = spelled or _with_tissues(grid.names)
    for position, name in enumerate(grid.names):
        region = atlas.find(spelled(name)) if position != where else None
        if region is None and name not in extra and (first := _first_of(name)) in grid.names:
            region = atlas.find(spelled(first))
        if region is not None or name in extra:
            found.setdefault(region.name if region is not None else name, []).append(position)
    volumes: dict[str, Floats] = {}
    columns: dict[str, str] = {}
    coded: Counter[tuple[float, str]] = Counter()
    for name, positions in found.items():
        parts = [_volumes(grid, p, subjects, problems, coded) for p in positions]
        merged, note, problem = merge_columns(name, [grid.names[p] for p in positions], parts, subjects)
        volumes[name], columns[name] = merged, grid.names[positions[0]]
        quirks += [note] if note else []
        problems += [problem] if problem else []
    if coded:
        shown = listed([f"{value:g} in {name!r} ({n})" for (value, name), n in coded.items()], 8)
        quirks.append(CheckResult("missing codes", False, f"Read as missing: {shown}."))
    used = {p for ps in found.values() for p in ps} | ({where} if where is not None else set())
    others = _others(grid, [p for p in range(len(grid.names)) if p not in used], problems, quirks)
    return Reading(
        tool="table",
        subjects=subjects,
        volumes=pd.DataFrame(volumes, index=range(len(subjects))),
        others=others,
        units=_stated_units(grid.names, found),
        columns=columns,
        quirks=tuple(quirks),
        problems=tuple(problems),
        source=grid.source,
    )


def _with_tissues(names: list[str]) -> Callable[[str], str]:
    """Beside gray and white matter, ``csf`` is a tissue of the whole head, not FreeSurfer's small label."""
    lowered = {n.lower() for n in names}
    tissues = {"csf", "white"} <= lowered and bool({"gray", "grey"} & lowered)
    return lambda name: "Total-CSF" if tissues and name.lower() == "csf" else name


def _first_of(name: str) -> str:
    """``Left-Caudate`` of ``Left-Caudate.1``, as a data frame calls a second column of one name."""
    return re.sub(r"\.\d+$", "", name)


def ids_of(grid: Grid, id: str | None, quirks: list[CheckResult]) -> tuple[int | None, list[str], str]:
    """Position of the id column, the ids as text, and a problem if there is none."""
    rows = len(grid.frame)
    if id is not None:
        name, problem = find_column(id, grid.names, "id")
        where = None if name is None else grid.names.index(name)
    else:
        problem = ""
        where = _usual_id(grid)
    if where is None:
        if not problem:
            quirks.append(
                CheckResult(
                    "ids",
                    None,
                    "No column of ids was found; people are called by their row (row-1, row-2, ...).",
                )
            )
        return None, [f"row-{i}" for i in range(1, rows + 1)], problem
    subjects = grid.cells(where)
    problem = said_empty_ids(subjects, grid.names[where])
    damaged = [s for s in subjects if _SPREADSHEET_ID.match(s)]
    if damaged and not problem:
        problem = (
            f"{len(damaged)} ids were turned into numbers by a spreadsheet and lost their last digits ({listed(damaged, 3)}); "
            "write the ids as text"
        )
    return where, subjects, problem


def _usual_id(grid: Grid) -> int | None:
    from bayescov.cohort.columns import ID_NAMES, usual_column

    usual = usual_column(grid.names, ID_NAMES)
    for name in usual:
        where = grid.names.index(name)
        if not pd.api.types.is_numeric_dtype(grid.frame[where]) or grid.text(where).is_unique:
            return where
    if is_id_name(grid.names[0]) or not grid.names[0]:
        return 0
    return None


def _volumes(
    grid: Grid, position: int, subjects: list[str], problems: list[str], coded: Counter[tuple[float, str]]
) -> Floats:
    """A column of numbers; cells of text become problems, missing codes NaN."""
    column = grid.frame[position]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=float).copy()
        infinite = [int(i) for i in np.flatnonzero(np.isinf(values))]
        values[infinite] = np.nan
    else:
        values, infinite = to_numbers(column.tolist(), grid.decimal)
    if infinite:
        shown = "; ".join(f"{subjects[i]}: {str(column.iloc[i])[:30]!r}" for i in infinite[:5])
        more = f"; and {len(infinite) - 5} more" if len(infinite) > 5 else ""
        problems.append(
            f"the column {grid.names[position]!r} holds text where volumes belong ({shown}{more}); "
            "write numbers, and leave a cell empty where a volume is missing"
        )
    code = np.isin(values, list(MISSING_NUMBERS))
    coded.update((float(v), grid.names[position]) for v in values[code])
    values[code] = np.nan
    return values


def merge_columns(
    name: str, written: list[str], parts: list[Floats], subjects: list[str]
) -> tuple[Floats, CheckResult | None, str]:
    """Several columns of one region as one: empty ones give way, complementary ones fill each other."""
    if len(parts) == 1:
        return parts[0], None, ""
    label = " and ".join(map(repr, written))
    filled = [np.where(p == 0, np.nan, p) for p in parts]
    alive = [i for i, p in enumerate(filled) if np.isfinite(p).any()]
    if len(alive) <= 1:
        keep = alive[0] if alive else 0
        text = f"The columns {label} are one region, {name}; {written[keep]!r} holds the values, the other is empty or zero."
        return parts[keep], CheckResult("one region, two columns", True, text), ""
    merged = filled[alive[0]]
    for i in alive[1:]:
        both = np.isfinite(merged) & np.isfinite(filled[i])
        apart = both & ~np.isclose(merged, filled[i], rtol=1e-3, atol=0)
        if apart.any():
            who = int(np.flatnonzero(apart)[0])
            return (
                merged,
                None,
                f"the columns {label} are both {name} but disagree for {int(apart.sum())} people ({subjects[who]}: "
                f"{merged[who]:g} and {filled[i][who]:g}); take one of them out",
            )
        merged = np.where(np.isfinite(merged), merged, filled[i])
    mixture = any((np.isfinite(filled[i]) != np.isfinite(filled[alive[0]])).any() for i in alive[1:])
    text = f"The columns {label} are one region, {name}, and were put together."
    if mixture:
        text += (
            " Some people have their value in one column, some in the other: the table mixes versions of the tool, "
            "whose volumes are not alike (16-19 % in the putamen between FreeSurfer releases)."
        )
    return merged, CheckResult("one region, two columns", not mixture, text), ""


def _stated_units(names: list[str], found: dict[str, list[int]]) -> dict[str, str]:
    """The unit of each region whose columns all state it, and alike."""
    stated = {region: {strip_measure(names[p])[1] for p in positions} for region, positions in found.items()}
    return {region: unit for region, (unit, *more) in stated.items() if unit and not more}


def _others(grid: Grid, positions: list[int], problems: list[str], quirks: list[CheckResult]) -> pd.DataFrame:
    """All other columns as text; two of one name are a problem unless they are equal."""
    where: dict[str, int] = {}
    for position in positions:
        if not grid.names[position] and not any(grid.cells(position)):
            continue  # what a spreadsheet leaves behind the last column
        name = grid.names[position] or f"column {position + 1}"
        first = where.setdefault(name, position)
        if first != position and grid.cells(first) != grid.cells(position):
            problems.append(f"two columns are called {name!r} and differ; rename one")
    columns, marks = with_points(where, grid)
    quirks += marks
    return pd.DataFrame(columns, index=range(len(grid.frame)), dtype=object)

"""Long tables: one row a person and region."""

from dataclasses import replace

import pandas as pd

from bayescov.cohort.columns import ID_NAMES, VISIT_NAMES, find_column, usual_column
from bayescov.cohort.numbers import decimal_mark, to_numbers
from bayescov.cohort.people import listed, said_empty_ids
from bayescov.cohort.readers.grid import Grid
from bayescov.cohort.readers.marks import with_points
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas, key, strip_measure
from bayescov.cohort.table import CheckResult

__all__ = ["is_long", "read_long"]

_REGION_NAMES = (
    "region",
    "structure",
    "roi",
    "label",
    "structname",
    "name",
    "area",
    "measure",
    "feature",
    "variable",
)
_VALUE_NAMES = ("volume", "vol", "value", "volumemm3", "volmm3", "mm3", "volumecm3", "cm3", "ml", "volumeml")
_SIDE_NAMES = ("hemisphere", "hemi", "side")


def is_long(grid: Grid, atlas: Atlas) -> bool:
    """Whether one column holds regions' names, and another is called as values are."""
    return _region_column(grid, atlas) is not None and _value_column(grid) is not None


def read_long(grid: Grid, atlas: Atlas, id: str | None) -> Reading:
    """A long table as one row a person (and visit)."""
    region, value = _region_column(grid, atlas), _value_column(grid)
    assert region is not None
    assert value is not None
    problems = list(grid.problems)
    where, problem = _id_column(grid, id, {region, value})
    problems += [problem] if problem else []
    if where is None:
        return _nothing(grid, problems)
    side = next((i for i, n in enumerate(grid.names) if key(n) in _SIDE_NAMES), None)
    names = _canonical(grid, atlas, region, side)
    # no name of a region tells the grid that this column holds numbers, so its mark is not that of the grid
    grid = replace(grid, decimal=decimal_mark(grid.cells(value), grid.delimiter))
    if grid.decimal == ",":
        said = CheckResult("decimal commas", True, "Numbers are written with decimal commas.")
        grid = replace(grid, quirks=(*grid.quirks, said))
    numbers, bad = to_numbers(grid.cells(value), grid.decimal)
    ids = grid.text(where)
    without = said_empty_ids(list(ids), grid.names[where])
    problems += [without] if without else []
    if bad:
        shown = listed([f"{ids[i]}, {names[i]}: {grid.text(value)[i]!r}" for i in bad])
        problems.append(
            f"the column {grid.names[value]!r} holds text where volumes belong ({shown}); "
            "write numbers, and leave a cell empty where a volume is missing"
        )
    visit_name = usual_column(grid.names, VISIT_NAMES)
    visit = (
        grid.text(grid.names.index(visit_name[0]))
        if visit_name and grid.names.index(visit_name[0]) != where
        else None
    )
    # A number for each person and visit, in order of appearance.
    people_and_visits = pd.MultiIndex.from_arrays([ids, visit if visit is not None else [""] * len(ids)])
    person = pd.Series(pd.factorize(people_and_visits)[0])
    used = {where, region, value, side}
    frame = pd.DataFrame({"person": person, "name": names, "value": numbers})
    unknown = sorted({str(grid.text(region)[i]) for i, n in enumerate(names) if n is None})
    frame = frame.dropna(subset=["name"])
    twice = frame.duplicated(["person", "name"], keep=False)
    if twice.any() and not without:
        rows = list(dict.fromkeys(f"{ids[i]}, {names[i]}" for i in frame.index[twice]))
        problems.append(
            f"{int(twice.sum())} rows give one region of one person more than once ({listed(rows, 3)})"
            + _apart(grid, used, frame[twice])
        )
    elif not without:
        problems += _varying(grid, used, person)
    frame = frame.drop_duplicates(["person", "name"])
    volumes = frame.pivot(index="person", columns="name", values="value")
    first = pd.Series(range(len(ids))).groupby(person).first()
    columns, marks = with_points({n: i for i, n in enumerate(grid.names) if i not in used}, grid)
    others = pd.DataFrame(columns, index=range(len(ids)), dtype=object)
    # What is known of a person may stand in one of the rows only, as spreadsheets are written by hand.
    others = others.mask(others == "").groupby(person).first().fillna("")
    volumes = volumes.reindex(range(len(first)))
    volumes = volumes[[n for n in dict.fromkeys(names) if n is not None]]
    unit = strip_measure(grid.names[value].replace("_", " "))[1]
    reading = Reading(
        tool="long table",
        subjects=list(ids.to_numpy()[first]),
        volumes=volumes.reset_index(drop=True).rename_axis(columns=None),
        others=others,
        units=dict.fromkeys(map(str, volumes), unit) if unit else {},
        quirks=(*grid.quirks, *marks),
        problems=tuple(problems),
        source=grid.source,
    )
    if unknown:
        text = f"Regions that no atlas knows, not taken: {listed(unknown, 20)}."
        reading = reading.noting(CheckResult("unknown structures", None, text))
    return reading


def _region_column(grid: Grid, atlas: Atlas) -> int | None:
    for i, name in enumerate(grid.names):
        if key(name) not in _REGION_NAMES:
            continue
        cells = grid.text(i).iloc[:500]
        if len(cells) and sum(atlas.find(c) is not None for c in cells) > 0.3 * len(cells):
            return i
    return None


def _value_column(grid: Grid) -> int | None:
    return next((i for n in _VALUE_NAMES for i, name in enumerate(grid.names) if key(name) == n), None)


def _id_column(grid: Grid, id: str | None, used: set[int]) -> tuple[int | None, str]:
    if id is not None:
        name, problem = find_column(id, grid.names, "id")
        return (None if name is None else grid.names.index(name)), problem
    usual = [grid.names.index(n) for n in usual_column(grid.names, ID_NAMES)]
    usual = [i for i in usual if i not in used]
    if usual:
        return usual[0], ""
    return None, "a long table needs a column of ids; name it with id="


def _canonical(grid: Grid, atlas: Atlas, region: int, side: int | None) -> list[str | None]:
    """Names of the regions; a column of hemispheres goes in front."""
    cells = grid.cells(region)
    sides = grid.cells(side) if side is not None else [""] * len(cells)
    known: dict[tuple[str, str], str | None] = {}
    for pair in set(zip(cells, sides, strict=True)):
        cell, where = pair
        letter = where[:1].lower()
        spelled = [f"{'left' if letter == 'l' else 'right'} {cell}"] if letter in ("l", "r") else []
        found = next((r for s in (*spelled, cell) if (r := atlas.find(s)) is not None), None)
        known[pair] = None if found is None else found.name
    return [known[pair] for pair in zip(cells, sides, strict=True)]


def _apart(grid: Grid, used: set[int | None], twice: pd.DataFrame) -> str:
    """By which column the rows of one region of one person can be told apart: a kind of measure, a version."""
    for i, name in enumerate(grid.names):
        if i in used:
            continue
        told = twice.assign(cell=grid.text(i)[twice.index])
        if not told.duplicated(["person", "name", "cell"]).any():
            return f"; they differ in {name!r} ({listed(list(told['cell'].unique()))}): keep the rows of one"
    return ""


def _varying(grid: Grid, used: set[int | None], person: pd.Series) -> list[str]:
    """Problems where a column that should belong to the person differs between the person's rows."""
    out = []
    for i, name in enumerate(grid.names):
        if i in used:
            continue
        cells = grid.text(i)
        if (cells.mask(cells == "").groupby(person).nunique() > 1).any():
            out.append(
                f"the column {name!r} differs between the rows of one person; take it out or give it its own table"
            )
    return out


def _nothing(grid: Grid, problems: list[str]) -> Reading:
    empty = pd.DataFrame()
    return replace(Reading("long table", [], empty, empty), problems=tuple(problems), source=grid.source)

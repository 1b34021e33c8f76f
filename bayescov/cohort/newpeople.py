"""A frame of people whom a study did not have, under the study's names: ids and regions found as in any table."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.columns import is_id_name
from bayescov.cohort.numbers import to_numbers
from bayescov.cohort.readers.delimited import ids_of, merge_columns
from bayescov.cohort.readers.frames import grid_of_frame
from bayescov.cohort.regions import default_atlas, strip_measure
from bayescov.cohort.sizes import TO_MM3

__all__ = ["new_people"]


def new_people(
    frame: pd.DataFrame, regions: Sequence[str], covariates: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Volumes in mm3 under the study's names, the other columns, both with ids in the index, and problems.

    Parameters
    ----------
    frame : pandas.DataFrame
    regions : sequence of str
        The study's regions.
    covariates : collection of str
        Columns that the study's design needs: whatever they are called, they are no ids.
    """
    written = _by_region([str(c) for c in frame.columns], regions)
    used = [p for positions in written.values() for p in positions]
    others = frame.iloc[:, [p for p in range(frame.shape[1]) if p not in set(used)]]
    subjects, problem = _subjects(frame.index, others.drop(columns=list(covariates), errors="ignore"))
    problems = [problem] if problem else []
    names = [str(s) for s in subjects]
    volumes: dict[str, npt.NDArray[np.float64]] = {}
    for region, positions in written.items():
        columns = [str(frame.columns[p]) for p in positions]
        parts = [
            _volumes(n, region, frame.iloc[:, p], names, problems)
            for n, p in zip(columns, positions, strict=True)
        ]
        volumes[region], _, problem = merge_columns(region, columns, parts, names)
        problems += [problem] if problem else []
    return pd.DataFrame(volumes, index=subjects), others.set_axis(subjects), problems


def _by_region(columns: list[str], regions: Sequence[str]) -> dict[str, list[int]]:
    """Of each region of the study, the columns that hold it: by the study's own name for it, or by any that the atlas knows."""
    atlas, found = default_atlas(), dict[str, list[int]]()
    for position, column in enumerate(columns):
        region = atlas.find(column)
        name = column if column in regions or region is None else region.name
        if name in regions:
            found.setdefault(name, []).append(position)
    return found


def _subjects(index: pd.Index, others: pd.DataFrame) -> tuple[pd.Index, str]:
    """The ids: an index that holds them, else the column of ids, else whatever the rows are called; a problem if some are empty."""
    if is_id_name(str(index.name)) or not pd.api.types.is_integer_dtype(index) or others.empty:
        return index, ""
    where, ids, problem = ids_of(grid_of_frame(others.reset_index(drop=True)), None, [])
    return (index, "") if where is None else (pd.Index(ids, name=index.name), problem)


def _volumes(
    name: str, region: str, column: pd.Series, subjects: list[str], problems: list[str]
) -> npt.NDArray[np.float64]:
    """A column in mm3: the study's own names stand for that, others may say another unit."""
    if pd.api.types.is_numeric_dtype(column):
        values, bad = column.to_numpy(dtype=float, na_value=np.nan), list[int]()
    else:
        values, bad = to_numbers(
            ["" if gone else str(v) for v, gone in zip(column, column.isna(), strict=True)]
        )
    if bad:
        problems.append(
            f"the column {name!r} holds text where volumes belong ({subjects[bad[0]]}: {str(column.iloc[bad[0]])[:30]!r}); write "
            "numbers, and leave a cell empty where a volume is missing"
        )
    unit = None if name == region else strip_measure(name)[1]
    return values * TO_MM3[unit or "mm3"]

"""A pandas frame -> the grid that files are read into."""

import numpy as np
import pandas as pd

from bayescov.cohort.columns import ID_NAMES, usual_column
from bayescov.cohort.readers.grid import Grid
from bayescov.errors import TableError

__all__ = ["grid_of_frame"]


def grid_of_frame(frame: pd.DataFrame) -> Grid:
    """The cells of a frame; a named or non-trivial index counts as a column of ids.

    Raises
    ------
    TableError
        If the frame is empty.
    """
    if frame.empty:
        raise TableError("the frame has no rows or no columns", source="the frame")
    table = frame
    trivial = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not trivial and not usual_column([str(c) for c in frame.columns], ID_NAMES):
        table = frame.reset_index(names=_level_names(frame.index), allow_duplicates=True)
    columns = {i: _cells(table.iloc[:, i]) for i in range(table.shape[1])}
    return Grid(
        [str(c).strip() for c in table.columns],
        pd.DataFrame(columns, index=range(len(table))),
        source="the frame",
    )


def _level_names(index: pd.Index) -> list[str]:
    """What the levels of an index are called; the first holds the ids if it has no name."""
    return [str(name or (f"level {i}" if i else "subject")) for i, name in enumerate(index.names)]


def _cells(column: pd.Series) -> pd.Series:
    """Floats as they are; whole numbers and everything else as the text that names them."""
    if pd.api.types.is_float_dtype(column):
        return pd.Series(column.to_numpy(dtype=float, na_value=np.nan))
    missing = column.isna().to_numpy()
    text = ["" if gone else str(value) for value, gone in zip(column.astype(object), missing, strict=True)]
    return pd.Series(text, dtype=object)

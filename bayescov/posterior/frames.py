"""Answers as tidy pandas frames: one row a statement. The CSV files are these frames."""

from typing import TYPE_CHECKING, Any

import xarray as xr

from bayescov.errors import AnswerError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_frame"]


def to_frame(answers: xr.Dataset, *, over: str | tuple[str, ...] | None = None) -> "pd.DataFrame":
    """Answers as a tidy frame: labels first, then one column a variable.

    Parameters
    ----------
    answers : xarray.Dataset
        What `connections`, `volumes` or another question returned.
    over : str or tuple of str, optional
        The dimensions of the table wanted: all variables that have exactly these dimensions, in any order. By
        default those of the variables with most dimensions, for instance ``("population", "edge")``;
        ``over="population"`` gives the counts of `connections`.

    Returns
    -------
    pandas.DataFrame
        One row for every combination of labels, the last dimension fastest. An edge is written as its two
        regions, in the columns ``region_a`` and ``region_b``.

    Raises
    ------
    AnswerError
        If no variable has these dimensions.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import bayescov as bc
    >>> answers = xr.Dataset(
    ...     {"p_smaller": (("population", "region"), np.array([[0.9, 0.2]]))},
    ...     {"population": ["MS"], "region": ["Thalamus", "Pons"]},
    ... )
    >>> bc.to_frame(answers)
      population    region  p_smaller
    0         MS  Thalamus        0.9
    1         MS      Pons        0.2
    """
    if not isinstance(answers, xr.Dataset):
        raise AnswerError(
            f"to_frame needs the Dataset that a question returned, but got {type(answers).__name__}"
        )
    dims = _wanted_dims(answers, over)
    names = [name for name in answers.data_vars if set(answers[name].dims) == set(dims)]
    table = answers[names].to_dataframe(dim_order=list(dims)).reset_index()
    labels = _labels(answers, dims)
    return table[[*labels, *map(str, names)]]


def _wanted_dims(answers: xr.Dataset, over: Any) -> tuple[str, ...]:
    shapes = list(dict.fromkeys(tuple(map(str, v.dims)) for v in answers.data_vars.values() if v.dims))
    if not shapes:
        raise AnswerError("these answers hold no table")
    if over is None:
        return max(shapes, key=len)
    wanted = (over,) if isinstance(over, str) else tuple(over)
    if set(wanted) not in [set(s) for s in shapes]:
        tables = "; ".join(", ".join(s) for s in shapes)
        raise AnswerError(f"these answers hold no table over {', '.join(wanted)!r} (tables: {tables})")
    return wanted


def _labels(answers: xr.Dataset, dims: tuple[str, ...]) -> list[str]:
    """Columns that name a row: an edge by its regions, where they are known."""
    labels: list[str] = []
    for dim in dims:
        if dim == "edge" and "region_a" in answers.coords:
            labels += ["region_a", "region_b"]
        else:
            labels.append(dim)
    return labels

"""One file a tool: what each volumetry tool writes, read into one shape."""

import os
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import pandas as pd

from bayescov.cohort.reading import Reading, join
from bayescov.cohort.readers.delimited import grid_of, wide
from bayescov.cohort.readers.frames import grid_of_frame
from bayescov.cohort.regions import Atlas
from bayescov.errors import TableError

__all__ = ["read_any"]


def read_any(
    source: str | os.PathLike[str] | pd.DataFrame | Sequence[str | os.PathLike[str]],
    atlas: Atlas,
    *,
    id: str | None = None,
    extra: tuple[str, ...] = (),
) -> Reading:
    """What any source holds, in one shape.

    Raises
    ------
    TableError
        If nothing in it can be read.
    """
    if isinstance(source, pd.DataFrame):
        return wide(grid_of_frame(source), atlas, id=id, extra=extra)
    if isinstance(source, (str, os.PathLike)):
        return _read_path(Path(source), atlas, id, extra)
    parts = [_read_path(Path(p), atlas, id, extra) for p in source]
    if not parts:
        raise TableError("an empty list of files was given", source="the source")
    return reduce(join, parts)


def _read_path(path: Path, atlas: Atlas, id: str | None, extra: tuple[str, ...]) -> Reading:
    if not path.exists():
        raise TableError("there is no such file or folder", source=str(path))
    return wide(grid_of(path, atlas), atlas, id=id, extra=extra)

"""One file a tool: what each volumetry tool writes, read into one shape.

`read_any` recognises the tool from the content of a file, or of the files of a folder.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pandas as pd

from bayescov.cohort.readers.folder import read_folder
from bayescov.cohort.readers.recognise import read_file, read_frame
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.several import join
from bayescov.errors import TableError

__all__ = ["Source", "read_any"]

type Source = str | os.PathLike[str] | pd.DataFrame | Sequence[str | os.PathLike[str]]
"""A path, several paths, or a frame."""


def read_any(
    source: Source,
    atlas: Atlas,
    *,
    id: str | None = None,
    extra: tuple[str, ...] = (),
) -> Reading:
    """What any source holds, in one shape.

    Parameters
    ----------
    source : path, list of paths, or pandas.DataFrame
        Several files are joined on the id.
    atlas : Atlas
    id : str, optional
        The column of ids.
    extra : tuple of str
        Columns to be read as volumes though no atlas knows them.

    Raises
    ------
    TableError
        If it is no source, or nothing in it can be read.
    """
    if isinstance(source, pd.DataFrame):
        return read_frame(source, atlas, id, extra)
    if isinstance(source, (str, os.PathLike)):
        return _read_path(Path(source), atlas, id, extra)
    paths = list(source) if isinstance(source, Iterable) else [source]
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TableError(
                f"a table is a path, a list of paths or a pandas frame, not {type(path).__name__}",
                source="the source",
            )
    parts = [_read_path(Path(p), atlas, id, extra) for p in paths]
    if not parts:
        raise TableError("an empty list of files was given", source="the source")
    return reduce(join, parts)


def _read_path(path: Path, atlas: Atlas, id: str | None, extra: tuple[str, ...]) -> Reading:
    if path.is_dir():
        reading = read_folder(path, atlas, id, extra)
    elif path.exists():
        reading = read_file(path, atlas, id, extra)
    else:
        raise TableError(f"there is no such file or folder{_similar(path)}", source=str(path))
    return replace(reading, source=str(path))


def _similar(path: Path) -> str:
    from bayescov.errors import nearest

    if not path.parent.is_dir():
        return f" (nor the folder {str(path.parent)!r})"
    return nearest(path.name, sorted(p.name for p in path.parent.iterdir())[:2000])

"""A fit that is on disk already: found by its folder, answered again, its answers written beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.cli.run import folder
from bayescov.cli.speaking import say
from bayescov.errors import AnswerError

__all__ = ["Kept", "named_fits", "new_people", "open_kept", "pair"]


class Kept:
    """A stored fit, and the folder where its answers go."""

    def __init__(self, fit: xr.DataTree, target: Path) -> None:
        self.fit, self.target = fit, target
        self._written: list[str] = []

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write a table to the folder as CSV."""
        table.to_csv(self.target / name, index=False)
        self._written.append(name)

    def finish(self, *also: str) -> None:
        """Say what was written."""
        say()
        say(f"Written to {self.target}: {', '.join([*self._written, *also])}.")


def open_kept(path: Path, out: Path | None = None) -> Kept:
    """The fit in a folder of results, or the stored fit itself; answers go to `out`, by default beside it."""
    from bayescov.sampling import load_fit

    inside = path / "fit.zarr"
    source = inside if inside.exists() else path
    return Kept(load_fit(source), folder(out or source.parent))


def named_fits(paths: Sequence[Path]) -> dict[str, xr.DataTree]:
    """Fits by the names of their models; by their folders too where one model was fitted twice."""
    from bayescov.sampling.tree import spec_of

    if len(paths) < 2:
        raise AnswerError(
            f"comparing models needs at least two fits of the same table, but only {paths[0]} was named; add the folder of "
            "another"
        )
    fits = [open_kept(path).fit for path in paths]
    names = [spec_of(fit).name for fit in fits]
    if len(set(names)) < len(names):
        names = [f"{name} ({path})" for name, path in zip(names, paths, strict=True)]
    if len(set(names)) < len(names):
        raise AnswerError(f"a fit is given twice: {', '.join(map(str, paths))}; give each once")
    return dict(zip(names, fits, strict=True))


def pair(between: str | None, groups: Sequence[str]) -> tuple[str, str]:
    """Two of the groups (the control first) from ``MS,NMOSD``; the patient groups where there are two and none were named."""
    patients = groups[1:]
    names = [name.strip() for name in (between or "").split(",") if name.strip()]
    if between is None and len(patients) == 2:
        return patients[0], patients[1]
    if len(names) != 2:
        example = ",".join(patients[:2] if len(patients) > 1 else groups)
        raise AnswerError(
            f"--between must name two groups separated by a comma, for instance --between {example}"
        )
    return names[0], names[1]


def new_people(tables: Sequence[str], *, id: str | None, unit: str | None) -> pd.DataFrame:
    """One row a person: volumes in mm3 under their canonical names, every other column as a number where it is one.

    Zeros and negative numbers are no volumes and count as missing, as they did in the study. Says what was not plainly right.
    """
    from bayescov.cli.showing import show_checks
    from bayescov.cohort import CheckResult, read_volumes

    source: Any = tables[0] if len(tables) == 1 else list(tables)
    data = read_volumes(source, id=id, unit=unit)
    quirks = [CheckResult(*quirk) for quirk in json.loads(data.attrs["quirks"])]
    show_checks([q for q in quirks if q.passed is not True])
    volumes = data["volume"].to_numpy()
    frame = pd.DataFrame(
        np.where(volumes > 0, volumes, np.nan),
        index=data["subject"].to_numpy(),
        columns=[str(r) for r in data["region"].to_numpy()],
    )
    frame.index.name = "subject"
    for name in data.data_vars:
        if name != "volume" and data[name].dims == ("subject",):
            column = data[name].to_series()
            numbers = pd.to_numeric(column, errors="coerce")
            known = numbers if numbers.notna().sum() == column.notna().sum() else column
            frame[str(name)] = known.to_numpy()
    return frame

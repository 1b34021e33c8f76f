"""A fit that is on disk already: found by its folder, answered again, its answers written beside it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from bayescov.cli.run import folder
from bayescov.cli.speaking import say
from bayescov.errors import AnswerError

__all__ = ["Kept", "named_fits", "named_groups", "open_kept", "pair"]


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
    names = named_groups(between or "", groups)
    if between is None and len(patients) == 2:
        return patients[0], patients[1]
    if len(names) != 2:
        example = ",".join(patients[:2] if len(patients) > 1 else groups)
        raise AnswerError(
            f"--between must name two groups separated by a comma, for instance --between {shlex.quote(example)}"
        )
    return names[0], names[1]


def named_groups(text: str, groups: Sequence[str]) -> list[str]:
    """The names in a list separated by commas; a comma that is part of a group's name separates nothing."""
    pieces, names = text.split(","), []
    while pieces:
        wide = [n for n in range(len(pieces), 0, -1) if ",".join(pieces[:n]).strip() in groups]
        n = wide[0] if wide else 1
        names.append(",".join(pieces[:n]).strip())
        pieces = pieces[n:]
    return [name for name in names if name]

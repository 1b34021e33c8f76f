"""One picture of how fragile the study's sentence is: every scenario of `sensitivity` on the axis of its probability."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayescov.report.figures.shared import COLOURS, axis, group_of, plain, require_answers
from bayescov.report.fragility import KINDS, direction, said

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_sensitivity"]


def plot_sensitivity(
    sensitivity: xr.Dataset, *, population: str | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Draw how probable the direction of a group's sentence is under every scenario.

    That is the probability that it gained more connections than it lost, or that it lost more: what the analysis as it stands
    says, or leans to.

    Parameters
    ----------
    sensitivity : xarray.Dataset
        What `bayescov.sensitivity` returned.
    population : str, optional
        Patient group; by default the first.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        One row for each kind of scenario. A stroke: the sentence stays; a diamond: it changes; a small cross: importance
        sampling cannot tell (Pareto k of 0.7 or more). The long line is the analysis as it stands, the dotted one the
        probability from which this direction is said.

    Raises
    ------
    AnswerError
        If these are other answers, or there is no such group.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.plot_sensitivity(bc.sensitivity(fit), population="MS")  # doctest: +SKIP
    """
    require_answers(sensitivity, "sensitivity")
    group = group_of(sensitivity, population)
    data = sensitivity.sel(population=group)
    kinds = data["kind"].to_numpy().astype(str)
    asked, p = direction(data)
    trusted, survives = (data[name].to_numpy().astype(bool) for name in ("trusted", "survives"))
    rows = [kind for kind in KINDS if (kinds == kind).any()]
    ax = axis(ax, size=(6.4, 1.3 + 0.36 * len(rows)))
    certainty = float(sensitivity.attrs["certainty"])
    ax.axvline(certainty, color="0.6", linewidth=0.8, linestyle="dotted", zorder=0)
    ax.axvline(p[0], color="0.5", linewidth=1.4, zorder=0)
    looks = (("|", COLOURS["added"], 11, survives & trusted), ("D", COLOURS["missing"], 6, ~survives & trusted),
             ("x", "0.45", 4, ~trusted))  # fmt: skip
    for marker, colour, size, which in looks:
        at = np.flatnonzero(which & (kinds != "baseline"))
        y = [rows.index(kinds[k]) for k in at]
        ax.plot(p[at], y, marker, color=colour, markersize=size, alpha=0.8)
    ax.set_yticks(range(len(rows)), [KINDS[kind] for kind in rows])
    ax.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xlabel(f"probability that {group} {asked}")
    ax.set_title(said(str(data["sentence"].to_numpy()[0]), group))
    ax.spines[["top", "right"]].set_visible(False)
    return plain(ax)

"""A forest of volume differences."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayescov.report.figures.shared import COLOURS, MARKERS, axis, group_of, plain, require_answers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_volumes"]

SCALES = {"sd": "difference in control SDs", "percent": "difference in percent of the controls' volume"}


def plot_volumes(
    volumes: xr.Dataset, *, population: str | None = None, scale: str = "sd", ax: "Axes | None" = None
) -> "Axes":
    """Draw the difference of every region from the controls with its interval.

    Parameters
    ----------
    volumes : xarray.Dataset
        What `bayescov.volumes` returned.
    population : str, optional
        Patient group; by default all of them, one below the other within each region.
    scale : {"sd", "percent"}
        Control SDs, or percent of the controls' volume.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Squares: smaller; diamonds: larger; triangles: unchanged; open circles: undecided.

    Raises
    ------
    AnswerError
        If these are other answers, or there is no such group or scale.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.plot_volumes(bc.volumes(fit), scale="percent")  # doctest: +SKIP
    """
    from bayescov.posterior.arguments import require_choice

    require_answers(volumes, "volumes")
    require_choice("scale", scale, tuple(SCALES))
    every = [str(g) for g in volumes["population"].to_numpy()]
    groups = every if population is None else [group_of(volumes, population)]
    regions = [str(r) for r in volumes["region"].to_numpy()]
    ax = axis(ax, size=(7.0, 1.2 + 0.24 * len(regions) * max(len(groups), 1) ** 0.7))
    name = f"difference_{scale}"
    offsets = (np.arange(len(groups)) - (len(groups) - 1) / 2) * 0.8 / max(len(groups), 1)
    for group, offset in zip(groups, offsets, strict=True):
        row = volumes.sel(population=group)
        for k, verdict in enumerate(row["verdict"].values):
            y, colour = k + offset, COLOURS[verdict]
            low, high = float(row[f"{name}_low"].values[k]), float(row[f"{name}_high"].values[k])
            ax.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
            face = "white" if verdict == "undecided" else colour
            ax.plot(
                float(row[name].values[k]),
                y,
                MARKERS[verdict],
                color=colour,
                markerfacecolor=face,
                markersize=5,
            )
            if len(groups) > 1:
                ax.annotate(
                    group, (high, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=6, color="0.35",
                )  # fmt: skip
    ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.set_yticks(range(len(regions)), regions)
    ax.set_ylim(len(regions) - 0.4, -0.6)
    ax.set_xlabel(f"{SCALES[scale]} ({100 * volumes.attrs['interval']:g} % intervals)")
    ax.set_title(f"{', '.join(groups)} against {volumes.attrs['control']}")
    ax.spines[["top", "right"]].set_visible(False)
    return plain(ax)

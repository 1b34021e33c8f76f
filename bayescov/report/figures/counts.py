"""Numbers of added and missing connections against the threshold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayescov.posterior.arguments import (
    KINDS,
    correlation_draws,
    patients_of,
    require_choice,
    require_fit,
    require_number,
    require_whole,
)
from bayescov.posterior.draws import count_interval, thinned
from bayescov.posterior.events import events
from bayescov.report.figures.shared import COLOURS, axis, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_counts"]

THRESHOLDS = tuple(np.arange(0, 91, 3) / 100)


def plot_counts(
    fit: xr.DataTree,
    *,
    population: str | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    margin: float = 0.1,
    kind: str = "correlation",
    interval: float = 0.95,
    draws: int = 1000,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how many connections were added and are missing, whatever threshold one had chosen.

    Parameters
    ----------
    fit : xarray.DataTree
        What `bayescov.fit` returned.
    population : str, optional
        Patient group; by default the first.
    thresholds : sequence of float
    margin : float
        As in `bayescov.connections`.
    kind : {"correlation", "partial"}
    interval : float
        Probability of the band.
    draws : int
        How many draws are used, evenly spaced.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AnswerError
        If this is no fit, there is no such group, or an argument is out of its range.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.plot_counts(fit, population="NMOSD")  # doctest: +SKIP
    """
    require_fit(fit, "correlation")
    require_whole("draws", draws, low=1)
    margin = require_number("margin", margin, low=0.0, high=1.0, closed="left")
    interval = require_number("interval", interval, low=0.0, high=1.0, closed="neither")
    require_choice("kind", kind, KINDS)
    control, patients = patients_of(fit)
    group = patients[0] if population is None else population
    require_choice("population", group, patients)
    chosen = np.asarray(thinned(correlation_draws(fit, kind), draws), dtype=float)
    g = 1 + patients.index(group)
    found = [events(chosen[:, 0], chosen[:, g], threshold=t, margin=margin) for t in thresholds]
    ax = axis(ax, size=(6.0, 3.6))
    for change, dash in (("added", "solid"), ("missing", "dashed")):
        counts = np.stack([getattr(f, change).sum(axis=-1) for f in found])
        low, high = count_interval(counts, interval)
        ax.fill_between(thresholds, low, high, color=COLOURS[change], alpha=0.2, linewidth=0)
        ax.plot(thresholds, counts.mean(axis=-1), color=COLOURS[change], linestyle=dash, label=change)
    ax.set(
        xlabel="threshold: a connection is present above",
        ylabel=f"connections of {chosen.shape[-1]}",
        title=f"{group} against {control}, margin {margin:g}",
        xlim=(min(thresholds), max(thresholds)),
    )
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return plain(ax)

"""Correlation matrices of all groups: posterior means, and how uncertain they are."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayescov.design.edges import from_edges
from bayescov.posterior.arguments import KINDS, correlation_draws, require_choice, require_fit
from bayescov.report.figures.shared import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_matrices"]

# Negative purple, zero nearly white, positive green-blue: apart from the colours of added and missing.
RAMP = ("#8c2d5f", "#f4f4f2", "#00564d")


def plot_matrices(fit: xr.DataTree, *, kind: str = "correlation", uncertainty: bool = True) -> "Figure":
    """Draw each group's correlation matrix: posterior means above the diagonal, posterior SDs below.

    Parameters
    ----------
    fit : xarray.DataTree
        What `bayescov.fit` returned.
    kind : {"correlation", "partial"}
    uncertainty : bool
        False: means on both sides of the diagonal.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    AnswerError
        If this is no fit.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.plot_matrices(fit).savefig("matrices.pdf")  # doctest: +SKIP
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import LinearSegmentedColormap

    require_fit(fit, "correlation")
    require_choice("kind", kind, KINDS)
    draws = correlation_draws(fit, kind)
    mean, sd = from_edges(draws.mean(axis=0)), from_edges(draws.std(axis=0))
    groups = [str(g) for g in fit["posterior"]["population"].to_numpy()]
    regions = [str(r) for r in fit["posterior"]["region"].to_numpy()]
    p = len(regions)
    side = 2.0 + 0.16 * p
    figure, axes = plt.subplots(
        1, len(groups), figsize=(side * len(groups) + 1.6, side + 0.4), layout="constrained", squeeze=False
    )
    ramp = LinearSegmentedColormap.from_list("correlations", RAMP)
    lower = np.tril(np.ones((p, p), dtype=bool), -1)
    hidden = lower if uncertainty else np.zeros((p, p), dtype=bool)
    hidden = hidden | np.eye(p, dtype=bool)
    spread = float(sd[:, lower].max()) if lower.any() else 1.0
    for k, (ax, group) in enumerate(zip(axes[0], groups, strict=True)):
        means = ax.imshow(np.ma.array(mean[k], mask=hidden), cmap=ramp, vmin=-1, vmax=1)
        if uncertainty:
            spreads = ax.imshow(np.ma.array(sd[k], mask=~lower), cmap="Greys", vmin=0, vmax=1.4 * spread)
        ax.set_title(group)
        ax.set_xticks(range(p), regions, rotation=90)
        ax.set_yticks(range(p), regions if k == 0 else [])
        ax.tick_params(length=0, labelsize=7 if p <= 30 else 4)
        plain(ax)
    figure.colorbar(means, ax=axes[0, -1], label="posterior mean (above)", shrink=0.7)
    if uncertainty:
        figure.colorbar(spreads, ax=axes[0, -1], label="posterior SD (below)", shrink=0.7)
    return figure

"""Stated probabilities against what happened: the reliability curve."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bayescov.errors import AnswerError
from bayescov.report.figures.shared import COLOURS, axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_reliability"]


def plot_reliability(
    probability: npt.ArrayLike,
    happened: npt.ArrayLike,
    *,
    bins: int = 10,
    interval: float = 0.95,
    label: str | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw, for statements grouped by their probability, the share that was true.

    Parameters
    ----------
    probability : array_like
        (statement,): the stated probabilities.
    happened : array_like of bool
        (statement,): whether each was true.
    bins : int
        Number of groups of equal width.
    interval : float
        Probability of the Wilson intervals of the shares; they take the statements for independent.
    label : str, optional
        Name of the curve, for a legend.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        The size of a point grows with the number of statements in its group.

    Raises
    ------
    AnswerError
        If the two differ in length, are empty, or a probability is outside [0, 1].

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.

    Examples
    --------
    >>> import numpy as np, bayescov as bc
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(size=2000)
    >>> bc.plot_reliability(p, rng.uniform(size=2000) < p)  # doctest: +SKIP
    """
    stated = np.asarray(probability, dtype=float).ravel()
    true = np.asarray(happened).astype(bool).ravel()
    if stated.size == 0 or stated.size != true.size:
        raise AnswerError(
            f"there are {stated.size} probabilities for {true.size} outcomes; give one outcome for each probability"
        )
    if not ((stated >= 0) & (stated <= 1)).all():
        raise AnswerError("every probability must lie in [0, 1]")
    from statsmodels.stats.proportion import proportion_confint

    group = np.minimum((stated * bins).astype(int), bins - 1)
    number = np.bincount(group, minlength=bins)
    filled = number > 0
    x = np.bincount(group, weights=stated, minlength=bins)[filled] / number[filled]
    hits = np.bincount(group, weights=true, minlength=bins)[filled]
    y = hits / number[filled]
    low, high = proportion_confint(hits, number[filled], alpha=1 - interval, method="wilson")
    ax = axis(ax, size=(4.6, 4.4))
    colour = COLOURS["added"] if not ax.lines else None
    ax.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, zorder=0)
    (line,) = ax.plot(x, y, linewidth=1.4, color=colour, label=label)
    ax.errorbar(
        x,
        y,
        yerr=[np.maximum(y - low, 0), np.maximum(high - y, 0)],
        fmt="none",
        ecolor=line.get_color(),
        elinewidth=1,
        alpha=0.6,
    )
    ax.scatter(x, y, s=12 + 90 * number[filled] / number.max(), color=line.get_color(), zorder=3)
    ax.set(
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
        xlabel="stated probability",
        ylabel="share true",
    )
    if label:
        ax.legend(frameon=False, loc="upper left")
    ax.spines[["top", "right"]].set_visible(False)
    return ax

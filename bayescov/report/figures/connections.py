"""Added and missing connections as a matrix, or around a circle with homologues opposite each other."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayescov.design.edges import edge_pairs
from bayescov.posterior.events import CHANGES
from bayescov.report.figures.shared import COLOURS, DASHES, axis, group_of, plain, require_answers
from bayescov.report.layout import circle_angles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_connections", "regions_of"]

LAYOUTS = ("matrix", "circle")


def plot_connections(
    connections: xr.Dataset,
    *,
    population: str | None = None,
    layout: str = "matrix",
    probability: float = 0.5,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw which connections of a patient group were added and which are missing.

    Parameters
    ----------
    connections : xarray.Dataset
        What `bayescov.connections` returned.
    population : str, optional
        Patient group; by default the first.
    layout : {"matrix", "circle"}
        ``"matrix"``: P(added) above the diagonal as squares, P(missing) below as discs, both growing with the
        probability. ``"circle"``: a line for each connection whose most probable change reaches `probability`, solid
        where added, dashed where missing, dotted where reversed; homologues stand opposite each other. In both,
        connections called changed have a dark rim or a thick line.
    probability : float
        Smallest probability of change that is drawn on the circle.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    AnswerError
        If these are other answers, or there is no such group or layout.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.plot_connections(bc.connections(fit), population="MS", layout="circle")  # doctest: +SKIP
    """
    from bayescov.posterior.arguments import require_choice

    require_answers(connections, "connections")
    require_choice("layout", layout, LAYOUTS)
    group = group_of(connections, population)
    row = connections.sel(population=group)
    regions = regions_of(connections)
    size = 3.0 + 0.22 * len(regions)
    ax = axis(ax, size=(size, size))
    if layout == "matrix":
        _matrix(ax, row, regions)
    else:
        _circle(ax, row, regions, probability)
    ax.set_title(f"{group} against {connections.attrs['control']}")
    return plain(ax)


def regions_of(connections: xr.Dataset) -> list[str]:
    """Names of the regions, in the order of the edges."""
    first = str(connections["region_a"].values[0])
    others = connections["region_b"].values[connections["region_a"].values == first]
    return [first, *map(str, others)]


def _matrix(ax: "Axes", row: xr.Dataset, regions: list[str]) -> None:
    from matplotlib.patches import Circle, Rectangle

    verdict = row["verdict"].values
    for e, (i, j) in enumerate(zip(*edge_pairs(len(regions)), strict=True)):
        for kind, x, y in (("added", j, i), ("missing", i, j)):
            p = float(row[f"p_{kind}"].values[e])
            if p < 0.02:
                continue
            side = 0.92 * np.sqrt(p)
            rim = {"edgecolor": "black", "linewidth": 1.4} if verdict[e] == kind else {"linewidth": 0}
            look: dict[str, Any] = {"facecolor": COLOURS[kind], "alpha": 0.35 + 0.65 * p, **rim}
            square = kind == "added"
            ax.add_patch(
                Rectangle((x - side / 2, y - side / 2), side, side, **look)
                if square
                else Circle((x, y), side / 2, **look)
            )
    p = len(regions)
    ax.plot([-0.5, p - 0.5], [-0.5, p - 0.5], color="0.75", linewidth=0.8)
    ax.set(xlim=(-0.5, p - 0.5), ylim=(p - 0.5, -0.5), aspect="equal")
    ax.set_xticks(range(p), regions, rotation=90)
    ax.set_yticks(range(p), regions)
    ax.tick_params(length=0, labelsize=8 if p <= 30 else 5)
    ax.set_xlabel("below the diagonal: P(missing), discs;  above: P(added), squares", fontsize=8)
    ax.spines[:].set_color("0.75")


def _circle(ax: "Axes", row: xr.Dataset, regions: list[str], probability: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    angles = circle_angles(regions)
    points = np.column_stack([np.sin(angles), np.cos(angles)])
    chance = np.stack([row[f"p_{kind}"].values for kind in CHANGES])
    best = chance.argmax(axis=0)
    rows, columns = edge_pairs(len(regions))
    for e in np.argsort(chance.max(axis=0), kind="stable"):
        p, kind = float(chance[best[e], e]), CHANGES[best[e]]
        if p < probability:
            continue
        a, b = points[rows[e]], points[columns[e]]
        called = row["verdict"].values[e] == kind
        path = Path([a, 0.18 * (a + b) / 2, b], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        ax.add_patch(
            PathPatch(
                path,
                fill=False,
                edgecolor=COLOURS[kind],
                linestyle=DASHES[kind],
                linewidth=4.0 if called else 0.6 + 2.4 * p,
                alpha=1.0 if called else 0.65,
            )
        )
    ax.scatter(points[:, 0], points[:, 1], s=18, color="black", zorder=3)
    for name, angle, (x, y) in zip(regions, angles, points, strict=True):
        right = np.sin(angle) >= -1e-9
        ax.text(
            1.06 * x,
            1.06 * y,
            name,
            rotation=90 - np.degrees(angle) + (0 if right else 180),
            rotation_mode="anchor",
            ha="left" if right else "right",
            va="center",
            fontsize=9 if len(regions) <= 30 else 6,
        )
    reach = 1.1 + 0.055 * max(len(r) for r in regions)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.axis("off")
    handles = [Line2D([], [], color=COLOURS[k], linestyle=DASHES[k], label=k) for k in CHANGES]
    ax.legend(handles=handles, loc="lower right", frameon=False, fontsize=8)

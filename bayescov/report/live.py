"""The draws a page carries: thinned, rounded to whole numbers, and what Python makes of exactly those numbers.

The page recomputes probabilities, counts and verdicts in the browser. `recount` is its twin: the same definitions, on the
same whole numbers, by the functions that `bayescov.connections` uses. A test holds the two together.
"""

import base64
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.posterior.arguments import draws_apart
from bayescov.posterior.comparison import compare, difference_interval, probabilities, totals
from bayescov.posterior.draws import thinned
from bayescov.posterior.events import CHANGES, events
from bayescov.posterior.structures import agreed, uncontradicted
from bayescov.posterior.verdicts import verdicts
from bayescov.report.words import plural
from bayescov.sampling.structures import short_name, structure_weights, structures_of

__all__ = ["STEPS", "LiveDraws", "Recount", "embed", "how_far", "recount"]

# A correlation is kept as a whole number of ten-thousandths, so that a threshold in hundredths is a whole number too.
STEPS = 10_000
MOST_DRAWS = 2_000
MOST_BYTES = 12_000_000

Whole = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]


class LiveDraws(NamedTuple):
    """What the page carries.

    Attributes
    ----------
    draws : ndarray of int16
        (draw, population, edge): correlations in ten-thousandths, the control first; of the fit and its structural special
        cases together, as in `bayescov.connections`.
    structures : dict of str to ndarray of int16
        Where there are special cases, the same for the fit by itself (``fit``) and for each of them, by name without its prefix.
    weights : dict of str to float
        How much each special case counts against the fit (`bayescov.posterior.structures`).
    of : int
        How many draws the fit holds.
    interval : float
        Probability of the intervals.
    difference : ndarray
        (end, patient group, edge): both ends of the intervals of the differences from controls, as in
        `bayescov.connections`; they do not depend on the page's controls.
    """

    draws: Whole
    structures: dict[str, Whole]
    weights: dict[str, float]
    of: int
    interval: float
    difference: Floats

    def as_text(self) -> str:
        """All numbers as base64 of little-endian int16: the fit, then each case; each (population, edge, draw)."""
        blocks = [self.draws, *self.structures.values()]
        raw = b"".join(np.ascontiguousarray(b.transpose(1, 2, 0)).astype("<i2").tobytes() for b in blocks)
        return base64.b64encode(raw).decode("ascii")


def embed(
    fit: xr.DataTree, *, kind: str = "correlation", interval: float = 0.95, most_bytes: int = MOST_BYTES
) -> LiveDraws:
    """Thin and round the draws of a fit so that a page can carry them.

    At most 2,000 draws, evenly spaced, and as many as fit into `most_bytes` (before base64): of all structures together, of
    the fit by itself, which decides what may be named, and half as many of each special case.
    """
    stated, apart = draws_apart(fit, kind)
    structures = structures_of(fit)
    heard = [apart[name] for name in ("posterior", *uncontradicted(fit))]
    a_draw = 2 * stated.shape[1] * stated.shape[2]
    room = int(most_bytes / a_draw / (2 + len(structures) / 2 if structures else 1))
    count = max(2, min(MOST_DRAWS, room, len(stated)))
    return LiveDraws(
        _whole(thinned(stated, count)),
        {
            short_name(name): _whole(thinned(draws, count if name == "posterior" else max(1, count // 2)))
            for name, draws in apart.items()
            if structures
        },
        {short_name(name): weight for name, weight in structure_weights(fit).items()},
        len(stated),
        interval,
        np.round(difference_interval(heard, interval), 4),
    )


def _whole(draws: Floats) -> Whole:
    return np.rint(np.asarray(draws, dtype=float) * STEPS).astype(np.int16)


class Recount(NamedTuple):
    """What one setting of the page's controls gives for one patient group.

    Attributes
    ----------
    edges : dict of str to ndarray
        (edge,): ``p_added``, ``p_missing``, ``p_reversed``, ``p_unchanged``, each with ``_low`` and ``_high``, and
        ``control_mean``, ``mean``, ``difference``, ``difference_low``, ``difference_high`` as correlations.
    verdict : ndarray of str
        (edge,)
    counts : dict of str to float
        ``n_added``, ``n_missing`` (means) with ``_low`` and ``_high``, ``p_more_added_than_missing`` and
        ``p_more_missing_than_added``.
    """

    edges: dict[str, Floats]
    verdict: npt.NDArray[np.object_]
    counts: dict[str, float]


def recount(live: LiveDraws, group: int, *, threshold: float, margin: float, fdr: float = 0.05) -> Recount:
    """Compute in Python what the page computes in the browser.

    Parameters
    ----------
    live : LiveDraws
    group : int
        Position of the patient group among all populations; the first is 1.
    threshold, margin : float
        Multiples of 0.0001.
    fdr : float
        As in `bayescov.connections`.
    """
    limits: dict[str, Any] = {"threshold": round(threshold * STEPS), "margin": round(margin * STEPS)}
    compared = compare(live.draws[:, 0], live.draws[:, group], **limits)
    statements = [f"p_{name}" for name in (*CHANGES, "unchanged")]
    edges = {name: compared.edges[name] for name in statements}
    alone: dict[str, dict[str, Floats]] = {}
    for name, draws in live.structures.items():
        found = events(draws[:, 0].astype(float), draws[:, group].astype(float), **limits)
        alone[name] = probabilities(tuple(mask.T for mask in found))
    low, high = (
        {name: pick([edges[name], *(p[name] for p in alone.values())], axis=0) for name in statements}
        for pick in (np.min, np.max)
    )
    cases = {name: np.stack([p[s] for s in statements[:3]]) for name, p in alone.items()}
    changed = np.stack([edges[name] for name in statements[:3]])
    sure = agreed(cases.pop("fit", changed), cases, live.weights)
    verdict = verdicts(
        CHANGES, changed, edges["p_unchanged"], fdr,
        agreed=sure, several=bool(cases), unchanged_low=low["p_unchanged"],
    )  # fmt: skip
    for name in ("control_mean", "mean", "difference"):
        edges[name] = compared.edges[name] / STEPS
    edges["difference_low"], edges["difference_high"] = live.difference[:, group - 1]
    edges |= {f"{k}_low": v for k, v in low.items()} | {f"{k}_high": v for k, v in high.items()}
    sums = totals([compared], live.interval)
    names = [f"n_{kind}{end}" for kind in ("added", "missing") for end in ("", "_low", "_high")]
    names += ["p_more_added_than_missing", "p_more_missing_than_added"]
    counts = {name: float(sums[name][1][0]) for name in names}
    return Recount(edges, verdict, counts)


def how_far(live: LiveDraws, connections: xr.Dataset) -> str:
    """How far the page's figures can be from those of `connections`, and whether its verdicts are others, in words.

    The page carries n of N draws: a mean over them differs from that over all by a standard error of SD sqrt(1/n - 1/N), an end
    of an interval by that of a quantile. SDs of numbers of connections are taken from their intervals, as if normal.
    """
    names = [str(g) for g in connections["population"].to_numpy()]
    rule = {name: float(connections.attrs[name]) for name in ("threshold", "margin", "fdr")}
    found = np.stack([recount(live, g, **rule).verdict for g in range(1, len(names) + 1)])
    others = int((found != connections["verdict"].to_numpy()).sum())
    if others:
        differ = "is another" if others == 1 else "are others"
        verdict = (
            f"at the settings of this report {others} of {plural(found.size, 'verdict')} {differ} than above"
        )
    else:
        verdict = "at the settings of this report all verdicts are those above"
    verdict += ", and near its limit a verdict can be another one"
    error = 1.96 * np.sqrt(max(0.0, 1 / len(live.draws) - 1 / live.of))
    if error == 0.0:
        return f"Figures can differ in the last digit from those above; {verdict}."
    normal, tail = NormalDist(), (1 - live.interval) / 2
    z = normal.inv_cdf(1 - tail)
    ends = [connections[f"n_{k}_high"] - connections[f"n_{k}_low"] for k in ("added", "missing")]
    sd = float(np.max(ends)) / (2 * z)
    mean, end = error * sd, error * sd * np.sqrt(tail * (1 - tail)) / normal.pdf(z)
    return (
        f"By chance (Monte Carlo error of so many draws, 95 %) a probability can be off those above by up to {max(0.01, 0.5 * error):.2f}, "
        f"a mean number of connections by {max(0.1, mean):.1f} and an end of its interval by {max(1.0, end):.0f}; {verdict}."
    )

"""One patient group against the controls, on plain draws: shares of draws edge by edge, sums over edges draw by draw."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bayescov.posterior.draws import central_interval, count_interval, fisher_z, standardised_mean
from bayescov.posterior.events import CHANGES, Events, events

__all__ = ["Compared", "Tables", "compare", "compare_each", "difference_interval", "probabilities", "totals"]

Floats = npt.NDArray[np.float64]
Tables = dict[str, tuple[str, npt.NDArray]]  # variable -> its dimensions and its values

EDGES_AT_ONCE = 256


class Compared:
    """One patient group against the controls: tables over edges, and sums over edges of each draw."""

    def __init__(self, n_draws: int) -> None:
        self.edges: dict[str, Floats] = {}
        self.n_added = np.zeros(n_draws)
        self.n_missing = np.zeros(n_draws)
        self.weight_added = np.zeros(n_draws)
        self.weight_missing = np.zeros(n_draws)


def compare(control: npt.NDArray, patient: npt.NDArray, *, threshold: float, margin: float) -> Compared:
    """Everything that is asked of the draws (draw, edge) of two groups, some edges at a time."""
    n_draws, n_edges = control.shape
    compared = Compared(n_draws)
    blocks: list[dict[str, Floats]] = []
    for start in range(0, n_edges, EDGES_AT_ONCE):
        part = slice(start, start + EDGES_AT_ONCE)
        c = np.array(control[:, part].T, dtype=float, order="C")
        g = np.array(patient[:, part].T, dtype=float, order="C")
        found = events(c, g, threshold=threshold, margin=margin)
        gain = np.abs(g) - np.abs(c)
        compared.n_added += found.added.sum(axis=0)
        compared.n_missing += found.missing.sum(axis=0)
        compared.weight_added += np.where(found.added, gain, 0.0).sum(axis=0)
        compared.weight_missing += np.where(found.missing, -gain, 0.0).sum(axis=0)
        blocks.append(
            {
                **probabilities(found),
                "p_present_control": (np.abs(c) > threshold).mean(axis=-1),
                "p_present": (np.abs(g) > threshold).mean(axis=-1),
                "control_mean": c.mean(axis=-1),
                "mean": g.mean(axis=-1),
                "difference": (g - c).mean(axis=-1),
                "evidence": standardised_mean(fisher_z(np.abs(g)) - fisher_z(np.abs(c))),
            }
        )
    compared.edges = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
    return compared


def compare_each(draws: npt.NDArray, *, threshold: float, margin: float) -> list[Compared]:
    """Every patient group against the controls, of draws (draw, population, edge)."""
    return [
        compare(draws[:, 0], draws[:, g], threshold=threshold, margin=margin)
        for g in range(1, draws.shape[1])
    ]


def difference_interval(structures: Sequence[npt.NDArray], interval: float) -> tuple[Floats, Floats]:
    """Low and high ends (patient group, edge) of the differences from controls: the widest over structures' draws."""
    ends = np.array(
        [
            [central_interval(d - draws[:, 0], interval, axis=0) for d in draws.swapaxes(0, 1)[1:]]
            for draws in structures
        ]
    )
    return ends[:, :, 0].min(axis=0), ends[:, :, 1].max(axis=0)


def probabilities(found: Events | tuple[npt.NDArray[np.bool_], ...]) -> dict[str, Floats]:
    """Shares of draws (last axis) of the three changes, and of none of them."""
    n_draws = found[0].shape[-1]
    counts = [mask.sum(axis=-1) for mask in found]
    shares = {f"p_{name}": count / n_draws for name, count in zip(CHANGES, counts, strict=True)}
    shares["p_unchanged"] = (n_draws - sum(counts)) / n_draws
    return shares


def totals(tables: list[Compared], interval: float) -> Tables:
    """Posteriors of the sums over edges, and the probabilities that one exceeds another."""
    answers: Tables = {}
    for name in ("n_added", "n_missing", "weight_added", "weight_missing"):
        sums = np.stack([getattr(t, name) for t in tables])
        low, high = (count_interval if name.startswith("n_") else central_interval)(sums, interval)
        answers |= {
            name: ("population", sums.mean(axis=-1)),
            f"{name}_low": ("population", low),
            f"{name}_high": ("population", high),
        }
    # Draws may hold as many of one as of the other, so that neither probability is one minus the other.
    answers["p_more_added_than_missing"] = (
        "population",
        np.array([(t.n_added > t.n_missing).mean() for t in tables]),
    )
    answers["p_more_missing_than_added"] = (
        "population",
        np.array([(t.n_missing > t.n_added).mean() for t in tables]),
    )
    answers["p_more_weight_added"] = (
        "population",
        np.array([(t.weight_added > t.weight_missing).mean() for t in tables]),
    )
    if len(tables) > 1:
        for name in ("added", "missing"):
            sums = np.stack([getattr(t, f"n_{name}") for t in tables])
            share = (sums[:, None, :] > sums[None, :, :]).mean(axis=-1)
            answers[f"p_more_{name}_than_other"] = ("population other", share)
    return answers

"""Graph measures of each group's network, as posteriors: every measure is taken on each of some hundred draws."""

import numpy as np
import numpy.typing as npt
import xarray as xr
from threadpoolctl import threadpool_limits

from bayescov.arguments import require_seed
from bayescov.cohort.sides import homologous_pairs
from bayescov.design.edges import from_edges
from bayescov.graphs import GLOBAL_MEASURES, REGIONAL_MEASURES, measure
from bayescov.model import load_model
from bayescov.posterior.arguments import (
    KINDS,
    correlation_draws,
    patients_of,
    require_choice,
    require_fit,
    require_number,
    require_whole,
)
from bayescov.posterior.draws import central_interval, thinned
from bayescov.sampling.structures import structures_of
from bayescov.sampling.tree import spec_of, study_of

__all__ = ["networks"]

Floats = npt.NDArray[np.float64]
Tables = dict[str, tuple[tuple[str, ...], npt.NDArray]]

ROUNDING = 1e-9
HUBS = 3
FEWEST = 50  # draws: of fewer, "all of them" would be said as a certainty

# benchmarks/networks.py: 25 studies, two comparisons each. Measures of half or twice as many regions are taken to err alike.
MEASURED_AT = 0.3
MEASURED_REGIONS = (7, 28)
MEASURED = (
    "Measured on simulated studies of 34 / 40 / 35 people and 14 regions whose groups differ a little everywhere: the 95 % "
    "intervals of the difference from controls hold the true one in "
)
BIAS = {
    "adaptive": "86 % (small-worldness) to 98 %. A group's own measures come out too high by 4 to 9 % (density, strength, "
    "clustering, efficiency), too low by 2 to 8 % (modularity, participation, small-worldness, homotopic).",
    "pooled": "86 % (efficiency) to 98 %. A group's own measures come out within 2 % of the truth (participation and "
    "homotopic 4 to 5 % too low).",
    "separate": "90 to 96 %. Noise counts as connections: a group's own density, strength, efficiency and weighted "
    "clustering come out 7 to 11 % too high, small-worldness 10 % too low.",
}
NOT_MEASURED = (
    "How well these intervals cover was not measured: it was for full correlations of about 14 regions of controls and two patient "
    "groups, connections from 0.3 on, and the packaged models adaptive (with its special cases), pooled and separate; "
    "benchmarks/networks.py does it."
)


def networks(
    fit: xr.DataTree,
    *,
    threshold: float = 0.3,
    kind: str = "correlation",
    hubs: int | None = None,
    draws: int = 200,
    interval: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Density, strength, clustering, efficiency, modularity, ... of each group, and the difference from controls.

    Each of `draws` posterior draws gives one network a group: weighted, with absolute correlations as weights; and
    thresholded, with an edge where the absolute correlation exceeds `threshold`. Differences are taken draw by draw.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    threshold : float
        In [0, 1).
    kind : {"correlation", "partial"}
    hubs : int, optional
        A region is a hub if it is among so many regions of greatest strength; by default three, and of fewer than nine regions
        a third of them, at least one.
    draws : int
        How many draws are measured, evenly spaced over those of the fit and its structural special cases together (as in
        `connections`). At least 50, of which a probability can be told; as many as the fit has is the most.
    interval : float
        In (0, 1). Probability of the central intervals.
    seed : int
        For Louvain's method and the random graphs of small-worldness.

    Returns
    -------
    xarray.Dataset
        Over (population, measure), the populations being the patient groups: posterior ``mean``, ``control_mean``
        and ``difference`` (patients minus controls), each with ``_low`` and ``_high``; ``p_higher``, the probability
        that the measure is higher than in controls.
        Over (population, regional_measure, region): the same with ``regional_`` before the names.
        Over (population, region): ``p_hub`` and ``p_hub_control``.
        ``measure_text`` and ``regional_measure_text`` say what each measure is. ``attrs["bias"]`` says what to beware of.

    Raises
    ------
    AnswerError
        If this is no fit, it has no patient group, or an argument is out of its range.

    References
    ----------
    Rubinov, M. and Sporns, O. (2010). Complex network measures of brain connectivity: uses and interpretations.
    NeuroImage 52.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> answers = bc.networks(fit, draws=50)
    >>> answers["difference"].dims
    ('population', 'measure')
    """
    threshold = require_number("threshold", threshold, low=0.0, high=1.0, closed="left")
    interval = require_number("interval", interval, low=0.0, high=1.0, closed="neither")
    require_choice("kind", kind, KINDS)
    require_fit(fit, "correlation")
    control, patients = patients_of(fit)
    regions = [str(r) for r in fit["posterior"]["region"].to_numpy()]
    require_whole("draws", draws, low=FEWEST)
    require_seed(seed)
    hubs = (
        default_hubs(len(regions)) if hubs is None else require_whole("hubs", hubs, low=1, high=len(regions))
    )

    pairs = homologous_pairs(regions)
    chosen = thinned(correlation_draws(fit, kind), draws)
    whole, regional, is_hub = _measure_all(from_edges(chosen), threshold, pairs, hubs, seed)
    measures = [m for m in GLOBAL_MEASURES if m != "homotopic" or pairs]
    tables = _against_control(whole, interval, ("population", "measure"), "")
    tables |= _against_control(regional, interval, ("population", "regional_measure", "region"), "regional_")
    p_hub = is_hub.mean(axis=-1)
    tables["p_hub"] = (("population", "region"), p_hub[1:])
    tables["p_hub_control"] = (("population", "region"), np.broadcast_to(p_hub[0], p_hub[1:].shape).copy())
    coords = {
        "population": np.array(patients, dtype=object),
        "region": np.array(regions, dtype=object),
        "measure": np.array(measures, dtype=object),
        "regional_measure": np.array(list(REGIONAL_MEASURES), dtype=object),
        "measure_text": ("measure", np.array([GLOBAL_MEASURES[m] for m in measures], dtype=object)),
        "regional_measure_text": (
            "regional_measure",
            np.array(list(REGIONAL_MEASURES.values()), dtype=object),
        ),
    }
    attrs = {
        "question": "networks",
        "control": control,
        "study": study_of(fit),
        "kind": kind,
        "threshold": threshold,
        "hubs": hubs,
        "draws": len(chosen),
        "interval": interval,
        "seed": seed,
        "bias": _bias(fit, kind, threshold),
        "definition_hub": "the region of greatest strength"
        if hubs == 1
        else f"among the {hubs} regions of greatest strength",
    }
    return xr.Dataset(tables, coords, attrs)


def default_hubs(n_regions: int) -> int:
    """How many regions are hubs where nobody says: three, but never more than a third, or the word would say nothing."""
    return min(HUBS, max(1, n_regions // 3))


def _bias(fit: xr.DataTree, kind: str, threshold: float) -> str:
    """What to beware of with the fit's model, if it was measured of such a fit and such networks."""
    spec, sizes = spec_of(fit), fit["posterior"].sizes
    as_packaged = spec.name in BIAS and spec == load_model(spec.name)
    as_drawn = bool(structures_of(fit)) or spec.sparse is None or spec.dense is None
    fewest, most = MEASURED_REGIONS
    alike = sizes["population"] > 2 and fewest <= sizes["region"] <= most
    asked = kind == "correlation" and threshold == MEASURED_AT
    return MEASURED + BIAS[spec.name] if as_packaged and as_drawn and alike and asked else NOT_MEASURED


@threadpool_limits.wrap(limits=1)
def _measure_all(
    matrices: Floats, threshold: float, pairs: list[tuple[int, int]], hubs: int, seed: int
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Measures (population, measure, draw), (population, measure, region, draw); hubs (population, region, draw)."""
    n_draws, n_groups = matrices.shape[:2]
    seeds = np.random.SeedSequence(seed).generate_state(n_draws)
    whole, regional = [], []
    for matrix_of_group, louvain_seed in zip(matrices, seeds, strict=True):
        for matrix in matrix_of_group:
            # Random graphs do not depend on the draw (their seed is fixed), Louvain's order does.
            found = measure(
                matrix, threshold=threshold, seed=int(louvain_seed), random_seed=seed, homologues=pairs
            )
            whole.append(list(found.whole.values()))
            regional.append(np.stack(list(found.regional.values())))
    shape = (n_draws, n_groups)
    strengths = np.array(regional).reshape(*shape, len(REGIONAL_MEASURES), -1)
    kth = np.sort(strengths[:, :, 0], axis=-1)[..., -hubs, None]
    return (
        np.moveaxis(np.array(whole).reshape(*shape, -1), 0, -1),
        np.moveaxis(strengths, 0, -1),
        np.moveaxis(strengths[:, :, 0] >= kth, 0, -1),
    )


def _against_control(values: Floats, interval: float, dims: tuple[str, ...], prefix: str) -> Tables:
    """Summaries over draws (last axis) of the patients (from 1 on the first axis), the control, and the difference."""
    patients = values[1:]
    control = np.broadcast_to(values[:1], patients.shape)
    tables: Tables = {}
    for name, draws in (("mean", patients), ("control_mean", control), ("difference", patients - control)):
        low, high = central_interval(draws, interval)
        tables[f"{prefix}{name}"] = (dims, draws.mean(axis=-1))
        tables[f"{prefix}{name}_low"], tables[f"{prefix}{name}_high"] = (dims, low), (dims, high)
    # Ties are frequent among thresholded networks: half of them count as higher.
    change = patients - control
    share = (change > ROUNDING).mean(axis=-1) + 0.5 * (np.abs(change) <= ROUNDING).mean(axis=-1)
    tables[f"{prefix}p_higher"] = (dims, share)
    return tables

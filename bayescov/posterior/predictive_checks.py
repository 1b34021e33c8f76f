"""Would the fitted model produce volumes like these? Posterior predictive checks."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import xarray as xr
from threadpoolctl import threadpool_limits

from bayescov.arguments import require_seed
from bayescov.design import Design, to_edges
from bayescov.posterior import discrepancies
from bayescov.posterior.arguments import require_fit, require_number, require_whole
from bayescov.posterior.draws import central_interval, fisher_z
from bayescov.posterior.parameters import Parameters, parameters_of
from bayescov.sampling.tree import design_of

__all__ = ["posterior_predictive", "posterior_predictive_checks", "replicate"]

Floats = npt.NDArray[np.float64]
Statistics = dict[str, Floats]

RANKS = 3
TAILS = {
    "kurtosis": "mean over regions of the standardised fourth moment of the residuals",
    "spread_of_distances": "mean square over squared mean of people's squared Mahalanobis distances from the model's means",
    "farthest": "largest over mean of people's squared Mahalanobis distances from the model's means",
}

# Less than this is rounding: a spread, an eigenvalue or a difference of none.
NOTHING = 1e-9


def _log(values: Floats) -> Floats:
    return np.log(np.maximum(values, NOTHING))


# The scale on which an element of each kind varies about alike in both directions.
SYMMETRIC: dict[str, Callable[[Floats], Floats]] = {"sd": _log, "correlation": fisher_z, "eigenvalue": _log}


def posterior_predictive_checks(
    fit: xr.DataTree, *, draws: int = 300, interval: float = 0.95, seed: int = 0
) -> xr.Dataset:
    """Compare the volumes seen with volumes drawn from the fitted model, group by group.

    For each of `draws` posterior draws a study of the same people is drawn, with the same volumes missing, and the
    same statistics are taken of both: standard deviations, correlations and eigenvalues of the residuals after
    least squares, and their tails. `judge_predictions` turns the result into sentences.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    draws : int
        Number of replicated studies.
    interval : float
        In (0, 1). Probability of the central intervals of the replicated statistics.
    seed : int

    Returns
    -------
    xarray.Dataset
        For each statistic: ``<name>_observed``, ``<name>_replicated`` (mean), ``_replicated_low``, ``_replicated_high``
        and ``<name>_p``, the share of replicated studies whose statistic is larger. ``sd`` is over (population,
        region), ``correlation`` over (population, edge), ``eigenvalue`` over (population, rank), ``tail`` over
        (population, tail). Over (population): ``sd_worst_p``, ``correlation_worst_p`` and ``eigenvalue_worst_p``,
        the share of replicated studies whose most unusual element is more unusual than the most unusual one seen.
        NaN where a statistic is not defined: fewer than two people of the group have the region (``sd``), or fewer than three
        both regions (``correlation``) or any (``eigenvalue``, kurtosis).

    Raises
    ------
    AnswerError
        If this is no fit, or an argument is out of its range.

    References
    ----------
    Gelman, A., Meng, X.-L. and Stern, H. (1996). Posterior predictive assessment of model fitness via realized
    discrepancies. Statistica Sinica 6.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> bc.posterior_predictive_checks(fit, draws=50)["tail_p"].dims
    ('population', 'tail')
    """
    require_fit(fit, "correlation", "sd", "mean")
    interval = require_number("interval", interval, low=0.0, high=1.0, closed="neither")
    require_whole("draws", draws, low=2)
    design = design_of(fit)
    params = parameters_of(fit, draws)
    seen, made = _both(params, design, seed)

    dims = {"sd": "region", "correlation": "edge", "eigenvalue": "rank", "tail": "tail"}
    tables: dict[str, tuple[tuple[str, ...], npt.NDArray]] = {}
    for name, dim in dims.items():
        low, high = central_interval(made[name], interval, axis=0)
        where = ("population", dim)
        tables |= {
            f"{name}_observed": (where, seen[name].mean(axis=0)),
            f"{name}_replicated": (where, made[name].mean(axis=0)),
            f"{name}_replicated_low": (where, low),
            f"{name}_replicated_high": (where, high),
            f"{name}_p": (where, _larger(seen[name], made[name])),
        }
        if name != "tail":
            worst = _worst(SYMMETRIC[name](seen[name]), SYMMETRIC[name](made[name]))
            tables[f"{name}_worst_p"] = (("population",), worst)
    labels = design.coords()
    coords = {k: labels[k] for k in ("population", "region", "edge", "region_a", "region_b")}
    coords |= {
        "rank": np.arange(1, made["eigenvalue"].shape[-1] + 1),
        "tail": np.array(list(TAILS), dtype=object),
        "tail_text": ("tail", np.array(list(TAILS.values()), dtype=object)),
    }
    attrs = {
        "question": "posterior_predictive_checks",
        "control": design.control,
        "study": design.study,
        "draws": len(params),
        "interval": interval,
        "seed": seed,
        "likelihood": "normal" if params.dof is None else "student",
    }
    return xr.Dataset(tables, coords, attrs)


def posterior_predictive(fit: xr.DataTree, *, draws: int = 200, seed: int = 0) -> xr.DataTree:
    """The fit with volumes drawn from it, where ArviZ's predictive plots look for them.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned. It is not changed.
    draws : int
        Studies of the same people that are drawn, over all chains together.
    seed : int

    Returns
    -------
    xarray.DataTree
        The fit's own groups, and ``/posterior_predictive`` with ``y`` (chain, draw, subject, region), standardised and
        missing where it is in ``/observed_data``.

    Raises
    ------
    AnswerError
        If this is no fit, or an argument is out of its range.

    Examples
    --------
    >>> import arviz as az, bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> drawn = bc.posterior_predictive(fit, draws=40)
    >>> az.plot_ppc_dist(drawn, coords={"region": "Brain-Stem"})  # doctest: +SKIP
    """
    require_fit(fit, "correlation", "sd", "mean")
    require_whole("draws", draws, low=1)
    chains = fit["posterior"].sizes["chain"]
    each = min(-(-draws // chains), fit["posterior"].sizes["draw"])
    design = design_of(fit)
    params = parameters_of(fit, chains * each)
    rng = np.random.default_rng(require_seed(seed))
    y = np.stack([replicate(params, draw, design, rng) for draw in range(len(params))])
    seen = fit["observed_data"].to_dataset()["y"]
    made = xr.DataArray(
        y.reshape(chains, each, *y.shape[1:]),
        dims=("chain", "draw", *seen.dims),
        coords={"chain": np.arange(chains), "draw": np.arange(each)} | {d: seen[d] for d in seen.dims},
    )
    result = fit.copy()
    result["posterior_predictive"] = xr.DataTree(made.rename("y").to_dataset())
    return result


def replicate(params: Parameters, draw: int, design: Design, rng: np.random.Generator) -> Floats:
    """(subject, region): the design's people with new volumes, missing where they were missing."""
    codes = design.population.values
    y = params.locations(draw, design.x.values, codes, _site_codes(design))
    for g in range(len(design.populations)):
        rows = codes == g
        y[rows] += params.deviations(draw, g, int(rows.sum()), rng)
    return np.where(np.isnan(design.y.values), np.nan, y)


@threadpool_limits.wrap(limits=1)
def _both(params: Parameters, design: Design, seed: int) -> tuple[Statistics, Statistics]:
    """Statistics (draw, population, ...) of the volumes seen and of replicated ones.

    The volumes seen have tails that depend on the draw too: distances are measured in each draw's own metric.
    """
    rng = np.random.default_rng(require_seed(seed))
    y = np.asarray(design.y.values, dtype=float)
    seen = [_statistics(y, params, draw, design) for draw in range(len(params))]
    made = [
        _statistics(replicate(params, draw, design, rng), params, draw, design) for draw in range(len(params))
    ]
    return (
        {name: np.stack([s[name] for s in seen]) for name in seen[0]},
        {name: np.stack([s[name] for s in made]) for name in made[0]},
    )


def _statistics(y: Floats, params: Parameters, draw: int, design: Design) -> Statistics:
    """All statistics of one study, the populations first."""
    codes = design.population.values
    e = discrepancies.residuals(y, design.regressors())
    deviations = y - params.locations(draw, design.x.values, codes, _site_codes(design))
    ranks = min(RANKS, y.shape[1])
    rows: dict[str, list[npt.ArrayLike]] = {name: [] for name in ("sd", "correlation", "eigenvalue", "tail")}
    for g in range(len(design.populations)):
        own = e[codes == g]
        distance = discrepancies.mahalanobis(deviations[codes == g], params.covariance[draw, g])
        rows["sd"].append(discrepancies.spreads(own))
        rows["correlation"].append(to_edges(discrepancies.correlations(own)))
        rows["eigenvalue"].append(discrepancies.eigenvalues(own, ranks))
        # Relative to their mean: a covariance that is too small everywhere is not a heavy tail.
        relative = distance / distance.mean()
        rows["tail"].append([discrepancies.kurtosis(own), (relative**2).mean(), relative.max()])
    return {name: np.array(values, dtype=float) for name, values in rows.items()}


def _larger(seen: Floats, made: Floats) -> Floats:
    """Share of replicated studies (first axis) that are larger, ties by half; NaN where there is nothing to compare."""
    share = (made > seen).mean(axis=0) + 0.5 * (made == seen).mean(axis=0)
    return np.where(np.isnan(seen + made).any(axis=0), np.nan, share)


def _worst(seen: Floats, made: Floats) -> Floats:
    """(population,): share of replicated studies with a more unusual most unusual element.

    Unusual is far from the mean of the replicated studies, in their SDs, on the scale of `SYMMETRIC`. Elements that are not
    defined are left out; NaN where none is.
    """
    center, sd = made.mean(axis=0), made.std(axis=0)
    sd = np.where(sd > NOTHING, sd, 1.0)
    defined = np.isfinite(seen + made).all(axis=0)
    far_seen, far_made = (np.where(defined, np.abs((x - center) / sd), 0.0) for x in (seen, made))
    # What cannot vary (a third eigenvalue of three people) differs by rounding alone: that is a tie.
    share = (far_made.max(axis=-1) >= far_seen.max(axis=-1) - NOTHING).mean(axis=0)
    return np.where(defined.any(axis=-1), share, np.nan)


def _site_codes(design: Design) -> npt.NDArray[np.int_] | None:
    return None if design.site is None else design.site.values

"""Which model predicts people it has not seen best, and how much each model should count."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from bayescov.arguments import require_seed
from bayescov.design import Design
from bayescov.design.subset import drop
from bayescov.errors import AnswerError
from bayescov.posterior.alike import require_same_groups
from bayescov.posterior.arguments import refit_options, require_fit, require_settings, require_whole
from bayescov.posterior.likelihood import log_likelihood
from bayescov.posterior.parameters import parameters_of
from bayescov.posterior.people import log_density
from bayescov.sampling.tree import design_of, spec_of, study_of

__all__ = ["compare_models", "left_out_density", "without_dust"]

Floats = npt.NDArray[np.float64]

BAD = 0.7
DUST = 1e-6  # a weight by which nobody's prediction changes; the model would still widen every range


def compare_models(
    fits: Mapping[str, xr.DataTree],
    *,
    draws: int = 2000,
    refits: int = 0,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Compare fits of one design by how well they predict each person from all others.

    Leave-one-person-out cross-validation by Pareto-smoothed importance sampling (ArviZ), the covariance matrices
    integrated out; models are weighted by stacking of their predictive distributions. Structural special cases, which
    `connections` mixes a fit with, are left out of account: how well they foretell each person is not stored.

    Parameters
    ----------
    fits : mapping of str to DataTree
        At least two fits of the same design. People, groups and regions are matched by their names, whatever their order.
    draws : int
        How many posterior draws are used of each.
    refits : int
        For how many people at most, in each model, the model is fitted again without them where importance sampling
        is not to be trusted (Pareto k above 0.7), the worst first.
    seed : int
        For refits.
    settings : mapping, optional
        Arguments of `fit` for refits; by default draws, warm-up and chains of the fit itself.

    Returns
    -------
    xarray.Dataset
        Over (model), best first: ``elpd``, the expected log predictive density of all people, with ``elpd_se``;
        ``elpd_difference`` from the best model with ``elpd_difference_se``; ``effective_parameters``; ``weight`` by
        stacking; ``n_bad``, the people whose Pareto k is above 0.7 and who were not refitted.
        Over (model, subject): ``elpd_person``, ``pareto_k``.

    Raises
    ------
    AnswerError
        If there are fewer than two fits, or they are not of the same volumes of the same people in the same groups.

    References
    ----------
    Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Statistics and Computing 27.
    Yao, Y. et al. (2018). Using stacking to average Bayesian predictive distributions. Bayesian Analysis 13.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> fits = {m: bc.fit(design, model=m, seed=1) for m in ("separate", "pooled")}
    >>> bc.compare_models(fits)["weight"].dims
    ('model',)
    """
    import arviz as az

    require_whole("refits", refits, low=0)
    require_whole("draws", draws, low=100)
    options = require_settings(settings)
    _require_comparable(fits)
    subjects = list(design_of(next(iter(fits.values()))).subjects)
    results, given = {}, {}
    seeds = np.random.SeedSequence(require_seed(seed)).spawn(len(fits))
    for (name, fit), child in zip(fits.items(), seeds, strict=True):
        pointwise = log_likelihood(fit, draws=draws).sel(subject=subjects)
        given[name] = pointwise.attrs["given"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # people with a large Pareto k are counted below
            loo = az.loo(_with_likelihood(pointwise), pointwise=True, var_name="y")
        results[name] = _refitted(loo, fit, subjects, refits, child, options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = az.compare(results, method="stacking", round_to="none")
    order = [str(name) for name in table.index]
    by_model = ("model",)
    by_person = ("model", "subject")
    return xr.Dataset(
        {
            "elpd": (by_model, table["elpd"].to_numpy(dtype=float)),
            "elpd_se": (by_model, table["se"].to_numpy(dtype=float)),
            "elpd_difference": (by_model, table["elpd_diff"].to_numpy(dtype=float)),
            "elpd_difference_se": (by_model, table["dse"].to_numpy(dtype=float)),
            "effective_parameters": (by_model, table["p"].to_numpy(dtype=float)),
            "weight": (by_model, without_dust(table["weight"].to_numpy(dtype=float))),
            "n_bad": (by_model, np.array([int((results[n].pareto_k > BAD).sum()) for n in order])),
            "elpd_person": (by_person, np.stack([results[n].elpd_i.to_numpy() for n in order])),
            "pareto_k": (by_person, np.stack([results[n].pareto_k.to_numpy() for n in order])),
        },
        {
            "model": np.array(order, dtype=object),
            "subject": np.array(subjects, dtype=object),
            "given": ("model", np.array([given[n] for n in order], dtype=object)),
        },
        {
            "question": "compare_models",
            **_study(fits),
            "draws": draws,
            "refits": refits,
            "definition_elpd": "sum over people of the log density of their standardised volumes given everybody else's",
            "definition_weight": "stacking: the mixture of the models' predictions that predicts people left out best; each fit by "
            "itself, without its structural special cases",
        },
    )


def _study(fits: Mapping[str, xr.DataTree]) -> dict[str, str]:
    """Of what study the fits are, if all are of one: their covariates may differ."""
    studies = {study_of(fit) for fit in fits.values()}
    return {"study": studies.pop()} if len(studies) == 1 else {}


def without_dust(weights: npt.NDArray) -> npt.NDArray:
    """The weights, those that are nothing but where an optimiser stopped being zero."""
    kept = np.where(weights < DUST, 0.0, weights)
    return kept / kept.sum()


@threadpool_limits.wrap(limits=1)
def left_out_density(fit: xr.DataTree, design: Design, person: int) -> float:
    """Log predictive density of one person of `design` under a fit that has not seen them."""
    params = parameters_of(fit)
    g = int(design.population.values[person])
    site = None if design.site is None else design.site.values[[person]]
    y, x = design.y.values[[person]], design.x.values[[person]]
    values = []
    for draw in range(len(params)):
        dof = None if params.dof is None else float(params.dof[draw])
        deviation = y - params.of_population(draw, g, x, site)
        values.append(log_density(deviation, params.covariance[draw, g], dof)[0])
    return float(logsumexp(values) - np.log(len(values)))


def _refitted(
    loo: Any,
    fit: xr.DataTree,
    subjects: list[str],
    refits: int,
    seed: np.random.SeedSequence,
    settings: Mapping[str, Any],
) -> Any:
    """The result with the worst people's densities replaced by those of fits without them; their k becomes 0."""
    from bayescov.sampling import fit as sample

    k = loo.pareto_k.to_numpy()
    worst = [int(i) for i in np.argsort(-k)[:refits] if k[i] > BAD]
    options = refit_options(fit, settings)
    design = design_of(fit)
    for i, child in zip(worst, seed.generate_state(max(1, len(worst))), strict=False):
        person = design.subjects.index(subjects[i])
        again = sample(drop(design, [person]), model=spec_of(fit), seed=int(child), **options)
        loo.elpd_i[i] = left_out_density(again, design, person)
        loo.pareto_k[i] = 0.0
    if worst:
        density_of_all = loo.elpd + loo.p  # of the people themselves, who were not left out
        loo.elpd = float(loo.elpd_i.sum())
        loo.p = density_of_all - loo.elpd
        loo.se = float(np.sqrt(len(k) * loo.elpd_i.var()))
    return loo


def _with_likelihood(pointwise: xr.DataArray) -> xr.DataTree:
    """What ArviZ reads: the likelihood, and a posterior from which it takes the efficiency of the draws."""
    total = pointwise.sum("subject").rename("total")
    return xr.DataTree.from_dict(
        {"posterior": total.to_dataset(), "log_likelihood": pointwise.rename("y").to_dataset()}
    )


def _same_volumes(one: Design, other: Design) -> bool:
    """The same numbers of the same people and regions, in whatever order."""
    labels = [(one.subjects, other.subjects), (one.regions, other.regions)]
    if not all(sorted(mine) == sorted(theirs) for mine, theirs in labels):
        return False
    rows, columns = ([theirs.index(name) for name in mine] for mine, theirs in labels)
    return np.allclose(one.y.values, other.y.values[np.ix_(rows, columns)], equal_nan=True)


def _require_comparable(fits: Mapping[str, xr.DataTree]) -> None:
    if not isinstance(fits, Mapping) or len(fits) < 2:
        raise AnswerError(
            "compare_models needs at least two fits by name, such as {'pooled': fit_1, 'sparse': fit_2}"
        )
    names = list(fits)
    first = design_of(require_fit(fits[names[0]], "correlation", "sd", "mean"))
    for name in names[1:]:
        other = design_of(require_fit(fits[name], "correlation", "sd", "mean"))
        if not _same_volumes(first, other):
            raise AnswerError(
                f"the fits {names[0]!r} and {name!r} are not of the same volumes (people, regions, transform and scaling), so "
                "their densities cannot be compared; fit both to one design"
            )
    require_same_groups(fits)

"""Would another definition, another prior, or one person fewer change the study's sentence?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.arguments import require_seed
from bayescov.errors import AnswerError
from bayescov.model.spec import ModelSpec
from bayescov.posterior.arguments import (
    KINDS,
    correlation_draws,
    patients_of,
    refit_options,
    require_choice,
    require_fit,
    require_number,
    require_settings,
    require_whole,
)
from bayescov.posterior.draws import thinned
from bayescov.posterior.headline import CERTAINTY, Headline, counts, headline
from bayescov.posterior.likelihood import given_covariance
from bayescov.posterior.powerscaling import QUANTITIES, power_scaling
from bayescov.posterior.priors import log_priors
from bayescov.sampling.structures import short_name, structures_of
from bayescov.sampling.tree import design_of, spec_of, study_of

__all__ = ["prior_grid", "sensitivity"]

Floats = npt.NDArray[np.float64]

TRUSTED = 0.7
FEW = 10.0
PRIOR_POWERS = (0.5, 2.0)
LIKELIHOOD_POWERS = (0.8, 1.25)


class _Scenario(NamedTuple):
    kind: str
    label: str
    result: Headline
    pareto_k: float


def sensitivity(
    fit: xr.DataTree,
    *,
    threshold: float = 0.3,
    margin: float = 0.1,
    kind: str = "correlation",
    thresholds: Sequence[float] = (0.2, 0.25, 0.3, 0.35, 0.4),
    margins: Sequence[float] = (0.05, 0.1, 0.15, 0.2),
    certainty: float = CERTAINTY,
    refits: Mapping[str, ModelSpec] | None = None,
    draws: int = 2000,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Ask the study's sentence again under other definitions, priors, structures, and without each person.

    The sentence is, for each patient group: it has *more added* than missing connections, *more missing*, or it is
    *not decided*. The baseline is that of the fit by itself, since only its own draws can be weighed anew; every scenario
    gives it again:

    - ``definition``: other thresholds and margins, on the same draws;
    - ``structure``: the structural special cases stored in the fit, each alone, and all averaged as in `connections`;
    - ``prior``: the prior of one kind of hyperparameter raised to the power 1/2 (weaker) and 2 (stronger), by importance
      sampling (power-scaling);
    - ``likelihood``: the same for the likelihood, powers 0.8 and 1.25;
    - ``person``: without each person, by importance sampling;
    - ``refit``: each model of `refits` fitted to the same design, for instance those of `prior_grid`.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    threshold, margin, kind
        As in `connections`: the baseline.
    thresholds, margins : sequence of float
        Scenarios of the definition.
    certainty : float
        In (0.5, 1). The probability from which the sentence is said.
    refits : mapping of str to ModelSpec, optional
    draws : int
        How many posterior draws are used.
    seed : int
        For refits.
    settings : mapping, optional
        Arguments of `fit` for refits; by default draws, warm-up and chains of the fit itself.

    Returns
    -------
    xarray.Dataset
        Over (scenario, population), the baseline first: ``n_added``, ``n_missing``, ``p_more_added_than_missing``,
        ``p_more_missing_than_added``, ``sentence``, and ``survives``: whether it is the baseline's. Over (scenario):
        ``pareto_k`` of importance sampling (0 where there is none, or no draw weighs much) and ``trusted``, whether it is below 0.7.
        Over (population): ``survival``, the share of trusted scenarios with the baseline's sentence. Coordinate ``kind``
        on ``scenario``. Over (part, population): ``psense_added``, ``psense_missing`` and ``psense_difference``, ArviZ's
        power-scaling diagnostic of these numbers, for each prior and the likelihood; above 0.05 the number moves with it.

    Raises
    ------
    AnswerError
        If this is no fit, it has no patient group, or an argument is out of its range.

    References
    ----------
    Kallioinen, N. et al. (2024). Detecting and diagnosing prior and likelihood sensitivity with power-scaling.
    Statistics and Computing 34.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> fit = bc.fit(design, model="separate", seed=1)
    >>> bc.sensitivity(fit)["survives"].dims
    ('scenario', 'population')
    """
    threshold = require_number("threshold", threshold, low=0.0, high=1.0, closed="left")
    margin = require_number("margin", margin, low=0.0, high=1.0, closed="left")
    certainty = require_number("certainty", certainty, low=0.5, high=1.0, closed="neither")
    thresholds, margins = _numbers("thresholds", thresholds), _numbers("margins", margins)
    require_choice("kind", kind, KINDS)
    require_whole("draws", draws, low=100)
    require_seed(seed)
    options = require_settings(settings)
    require_fit(fit, "correlation", "sd", "mean")
    control, patients = patients_of(fit)

    chains = fit["posterior"].sizes["chain"]
    used = chains * min(max(1, draws // chains), fit["posterior"].sizes["draw"])
    correlation = thinned(correlation_draws(fit, kind, group="posterior"), used)
    numbers = counts(correlation, threshold=threshold, margin=margin)
    even = np.full(used, 1.0 / used)
    scenarios = [_Scenario("baseline", "as fitted", headline(numbers, even, certainty), 0.0)]
    for other, other_margin in [(t, margin) for t in thresholds] + [(threshold, m) for m in margins]:
        if (other, other_margin) != (threshold, margin):
            again = counts(correlation, threshold=other, margin=other_margin)
            label = f"threshold {other:g}, margin {other_margin:g}"
            scenarios.append(_Scenario("definition", label, headline(again, even, certainty), 0.0))
    structures: dict[str, str | None] = {f"{short_name(name)} only": name for name in structures_of(fit)}
    if structures:
        structures["averaged with the special cases"] = None
    for label, name in structures.items():
        again = counts(correlation_draws(fit, kind, group=name), threshold=threshold, margin=margin)
        flat = np.full(again.shape[-1], 1.0 / again.shape[-1])
        scenarios.append(_Scenario("structure", label, headline(again, flat, certainty), 0.0))
    # Given the covariances drawn, which hold every person: the connections counted are theirs, so that the density of a person
    # given the others, with the covariances integrated out, would leave the person in them.
    priors, each = log_priors(fit, used), given_covariance(fit, used)
    likelihood = each.sum(axis=1)
    for of_kind, label, log_weights in _reweightings(design_of(fit).subjects, priors, each):
        weights, k = _smoothed(log_weights)
        scenarios.append(_Scenario(of_kind, label, headline(numbers, weights, certainty), k))
    rule = {"threshold": threshold, "margin": margin}
    scenarios += _refitted(fit, refits or {}, kind, rule, certainty, seed, options)
    found = _dataset(
        scenarios,
        control,
        patients,
        {"study": study_of(fit), **rule, "kind": kind, "certainty": certainty, "draws": used},
    )
    parts, values = power_scaling(numbers, priors, likelihood, chains=chains)
    tables = {f"psense_{name}": (("part", "population"), values[:, q]) for q, name in enumerate(QUANTITIES)}
    return found.assign(tables).assign_coords(part=np.array(parts, dtype=object))


def prior_grid(model: ModelSpec | xr.DataTree) -> dict[str, ModelSpec]:
    """Models that differ from this one in one prior each, for the `refits` of `sensitivity`.

    Parameters
    ----------
    model : ModelSpec, or a fit whose model is meant

    Returns
    -------
    dict of str to ModelSpec
        By what was changed, for instance ``"dense.median x 4"``.

    Examples
    --------
    >>> import bayescov as bc
    >>> sorted(bc.prior_grid(bc.load_model("pooled")))[:2]
    ['dense.median x 0.25', 'dense.median x 4']
    """
    spec = spec_of(model) if isinstance(model, xr.DataTree) else model
    if not isinstance(spec, ModelSpec):
        raise AnswerError(
            f"prior_grid needs a model (load_model('adaptive')) or a fit, not {type(spec).__name__}"
        )
    factors = {
        ("dense", "median"): (0.25, 4.0),
        ("shared", "eta"): (2.0,),
        ("sparse", "share_b"): (0.5, 2.0),
        ("sparse", "size_median"): (0.6, 1.5),
        ("spread", "spread_scale"): (0.5, 2.0),
    }
    grid = {}
    for (section, field), values in factors.items():
        prior = getattr(spec, section)
        if prior is not None:
            for factor in values:
                change = {section: {field: getattr(prior, field) * factor}}
                grid[f"{section}.{field} x {factor:g}"] = spec.change(**change)
    return grid


def _reweightings(
    subjects: Sequence[str], priors: dict[str, Floats], likelihood: Floats
) -> Iterator[tuple[str, str, Floats]]:
    """Kind, label and log weights (draw,) of everything that importance sampling can tell; `likelihood` is (draw, subject)."""
    for name, density in priors.items():
        if np.ptp(density) > 0:
            for power in PRIOR_POWERS:
                yield "prior", f"prior of {name} to the power {power:g}", (power - 1.0) * density
    for power in LIKELIHOOD_POWERS:
        yield "likelihood", f"likelihood to the power {power:g}", (power - 1.0) * likelihood.sum(axis=1)
    for i, subject in enumerate(subjects):
        yield "person", f"without {subject}", -likelihood[:, i]


def _smoothed(log_weights: Floats) -> tuple[Floats, float]:
    """Weights that sum to one, Pareto-smoothed where their tail is long, and the shape of the tail.

    Where no draw weighs as much as `FEW` of them, the weights are bounded and used as they are: the shape says nothing.
    """
    from arviz_stats.base import array_stats

    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    if weights.max() * len(weights) < FEW:
        return weights, 0.0
    try:
        smooth, k = array_stats.psislw(log_weights.max() - log_weights)  # it takes minus the log weights
    except ValueError:  # the largest weights are all equal: a plateau, not a tail
        return weights, 0.0
    weights = np.exp(smooth - smooth.max())
    return weights / weights.sum(), float(k)


def _numbers(name: str, values: Any) -> list[float]:
    """One number, or each of several, all of them from 0 on and below 1."""
    each = values if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    return [require_number(name, value, low=0.0, high=1.0, closed="left") for value in each]


def _refitted(
    fit: xr.DataTree,
    models: Mapping[str, ModelSpec],
    kind: str,
    rule: dict[str, float],
    certainty: float,
    seed: int,
    settings: Mapping[str, Any],
) -> list[_Scenario]:
    from bayescov.sampling import fit as sample

    options = refit_options(fit, settings)
    scenarios = []
    for (label, model), child in zip(
        models.items(), np.random.SeedSequence(seed).generate_state(max(1, len(models))), strict=False
    ):
        again = sample(design_of(fit), model=model, seed=int(child), **options)
        numbers = counts(correlation_draws(again, kind), **rule)
        flat = np.full(numbers.shape[-1], 1.0 / numbers.shape[-1])
        scenarios.append(_Scenario("refit", label, headline(numbers, flat, certainty), 0.0))
    return scenarios


def _dataset(
    scenarios: list[_Scenario], control: str, patients: tuple[str, ...], settings: dict[str, Any]
) -> xr.Dataset:
    both = ("scenario", "population")
    results = [s.result for s in scenarios]
    sentence = np.stack([r.sentence for r in results])
    k = np.array([s.pareto_k for s in scenarios])
    trusted = k < TRUSTED  # NaN is not
    survives = sentence == sentence[0]
    return xr.Dataset(
        {
            "n_added": (both, np.stack([r.n_added for r in results])),
            "n_missing": (both, np.stack([r.n_missing for r in results])),
            "p_more_added_than_missing": (both, np.stack([r.p_more_added for r in results])),
            "p_more_missing_than_added": (both, np.stack([r.p_more_missing for r in results])),
            "sentence": (both, sentence),
            "survives": (both, survives),
            "pareto_k": ("scenario", k),
            "trusted": ("scenario", trusted),
            "survival": ("population", survives[trusted].mean(axis=0)),
        },
        {
            "scenario": np.array([s.label for s in scenarios], dtype=object),
            "kind": ("scenario", np.array([s.kind for s in scenarios], dtype=object)),
            "population": np.array(patients, dtype=object),
        },
        {
            "question": "sensitivity",
            "control": control,
            **settings,
            "definition_sentence": (
                "more added: P(more added than missing) >= certainty; more missing: P(more missing than added) >= "
                "certainty; else not decided"
            ),
        },
    )

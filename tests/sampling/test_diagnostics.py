"""`diagnose`: a sound fit passes; every kind of failure is found, named and said."""

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

from bayescov.errors import FitError
from bayescov.sampling.diagnostics import diagnose
from bayescov.sampling.mixing import mixing
from bayescov.sampling.structures import as_part

from .fakes import small_design, small_fit


@pytest.fixture(scope="module")
def sound():
    return small_fit()


def test_independent_draws_pass(sound):
    found = diagnose(sound)
    assert found.ok is True
    assert found.max_rhat <= 1.01
    assert found.min_ess_bulk >= 400
    assert found.divergences == 0
    assert found.sentences[0].startswith("The chains agree")


def test_every_reported_quantity_is_judged(sound):
    edges, regions, populations = 3, 3, 3
    differences = (populations - 1) * (edges + regions)
    found = diagnose(sound)
    assert found.n_quantities == populations * (edges + 2 * regions) + differences + 2 + 2 + 1
    assert found.n_constant == 0


def test_extremes_are_those_of_arviz(sound):
    posterior = sound["posterior"].to_dataset()
    posterior["d_correlation"] = posterior["correlation"][:, :, 1:] - posterior["correlation"][:, :, 0]
    posterior["d_mean"] = posterior["mean"][:, :, 1:] - posterior["mean"][:, :, 0]
    tree = xr.DataTree.from_dict({"posterior": posterior.drop_vars(["population", "region_a", "region_b"])})
    found = diagnose(sound)

    def extreme(dataset, pick):
        return pick([float(pick(v.values.ravel().tolist())) for v in dataset.data_vars.values()])

    assert found.max_rhat == pytest.approx(extreme(az.rhat(tree), max), rel=1e-10)
    assert found.min_ess_bulk == pytest.approx(extreme(az.ess(tree), min), rel=1e-10)
    tail = az.ess(tree, method="tail", prob=(0.05, 0.95))
    assert found.min_ess_tail == pytest.approx(extreme(tail, min), rel=1e-10)
    assert mixing({str(k): v.values for k, v in sound["posterior"].data_vars.items()}) == (
        found.min_ess_bulk,
        found.max_rhat,
    )


def test_a_chain_apart_fails_and_is_named():
    fit = small_fit()
    fit["posterior"]["sd"].values[0, :, 1, 2] += 1.0
    found = diagnose(fit)
    assert found.ok is False
    assert found.max_rhat > 1.01
    assert found.worst[0] == "sd[MS, Left-Putamen]"
    assert "sd[MS, Left-Putamen]" in " ".join(found.sentences)


def test_a_difference_from_controls_can_fail_alone():
    rng = np.random.default_rng(8)
    shape = (4, 250)
    control, patients = rng.standard_normal((2, *shape, 3))
    drift = 1e-4 * (np.arange(4)[:, None, None] - 1.5)
    correlation = 0.01 * np.stack([control, control + 1e-2 * patients, -control], axis=2)
    correlation[:, :, 1] += drift
    found = diagnose(small_fit(correlation=correlation))
    assert found.ok is False
    assert found.worst[0].startswith("difference of correlation[MS - HC, Left-Thalamus ~ ")
    assert not any(name.startswith("correlation") for name in found.worst)


def test_sticky_draws_have_too_small_an_ess():
    slow = np.repeat(np.random.default_rng(9).standard_normal((4, 250)), 10, axis=1)[:, :1000]
    found = diagnose(small_fit(draws=1000, kappa=np.exp(slow)))
    assert found.ok is False
    assert found.min_ess_bulk < 400
    assert found.worst[0] == "kappa"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_never_passes(bad):
    fit = small_fit()
    fit["posterior"]["mean"].values[1, 7, 2, 0] = bad
    found = diagnose(fit)
    assert found.ok is False
    assert np.isnan(found.max_rhat)
    assert "no R-hat" in " ".join(found.sentences)


def test_what_never_changes_is_passed_over_but_counted():
    found = diagnose(small_fit(kappa=np.full((4, 250), 40.0)))
    assert found.ok is True
    assert found.n_constant == 1


def test_chains_stuck_at_different_values_are_not_constant():
    stuck = np.repeat(np.arange(1.0, 5.0)[:, None], 250, axis=1)
    found = diagnose(small_fit(kappa=stuck))
    assert found.ok is False
    assert found.max_rhat > 1e6
    assert found.worst[0] == "kappa"


def test_an_infinite_kappa_is_judged_by_its_closeness():
    kappa = np.exp(4 + np.random.default_rng(10).standard_normal((4, 250)))
    closeness = kappa / (kappa + 100)
    kappa[:, ::3], closeness[:, ::3] = np.inf, 1.0
    found = diagnose(small_fit(kappa=kappa, closeness=closeness))
    assert found.ok is True


def test_indicators_are_not_judged(sound):
    included = np.zeros((4, 250, 2, 3), dtype=np.int8)
    included[0] = 1
    found = diagnose(small_fit(included=included))
    assert found.ok is True
    assert found.n_quantities == diagnose(sound).n_quantities


def test_divergences_are_said_and_many_of_them_fail():
    fit = small_fit()
    fit["sample_stats"]["diverging"].values[0, 0] = True
    one = diagnose(fit)
    assert one.ok is True
    assert one.divergences == 1
    assert "1 of 1,000 transitions diverged, which is few enough" in one.sentences[-1]
    assert not one.diverges
    fit["sample_stats"]["diverging"].values[1, :20] = True
    many = diagnose(fit)
    assert many.ok is False
    assert many.diverges
    assert many.sentences[0].startswith("Do not trust this fit yet")
    assert "may not have been reached" in many.sentences[-1]


def test_one_chain_is_not_judged():
    found = diagnose(small_fit(chains=1, draws=1000))
    assert found.ok is None
    assert "chains=4" in found.sentences[-1]


def test_nothing_that_varies():
    fit = small_fit()
    for name in fit["posterior"].data_vars:
        fit["posterior"][name].values[:] = 0.5
    found = diagnose(fit)
    assert found.ok is False
    assert found.n_quantities == 0
    assert np.isnan(mixing({"kappa": np.ones((2, 10))})).all()


def test_without_a_posterior():
    with pytest.raises(FitError, match="need a fit"):
        diagnose(xr.DataTree())


def test_sixty_eight_regions_take_seconds():
    """2,278 edges in three groups: ArviZ's loop needs minutes."""
    import time

    regions = tuple(f"region-{i:02}" for i in range(68))
    fit = small_fit(design=small_design(regions=regions), draws=100)
    start = time.process_time()
    found = diagnose(fit)
    assert found.n_quantities > 11_000
    assert time.process_time() - start < 20


def with_cases(gains, *, apart=()):
    """A sound fit with special cases of these gains; one chain of those in `apart` lies elsewhere in one correlation."""
    rng = np.random.default_rng(8)
    cases = {name: np.tanh(0.5 * rng.standard_normal((4, 250, 3, 3))) for name in gains}
    for name in apart:
        cases[name][0, :, 1, 2] = np.tanh(np.arctanh(cases[name][0, :, 1, 2]) + 0.5)
    fit = small_fit(cases=cases)
    for name, gain in gains.items():
        fit[f"structure_{name}"].attrs["log_predictive_gain"] = gain
    return fit


def test_special_cases_are_judged_with_the_fit(sound):
    found = diagnose(with_cases({"pooled": 0.0, "sparse": -np.log(2.0)}))
    assert found.ok is True
    # correlations of three groups and three edges, and their differences in two patient groups
    assert found.n_quantities == diagnose(sound).n_quantities + 2 * (9 + 6)
    assert "pooled (0.40), sparse (0.20)" in found.sentences[1]
    assert len(found.sentences) == 2


def test_a_case_that_counts_and_has_not_mixed_fails_the_fit_and_is_named():
    fit = with_cases({"pooled": 0.0, "sparse": 0.0}, apart=["sparse"])
    found = diagnose(fit)
    assert found.ok is False
    drawn = fit["structure_sparse"]["correlation"].values
    judged = np.concatenate([drawn, drawn[:, :, 1:] - drawn[:, :, :1]], axis=2)
    dataset = xr.Dataset({"judged": (("chain", "draw", "population", "edge"), judged)})
    data = xr.DataTree.from_dict({"posterior": dataset})
    # a third of what is stated: its error counts a third
    assert found.max_rhat - 1 == pytest.approx((float(az.rhat(data)["judged"].max()) - 1) / 3, rel=1e-6)
    assert found.worst[0].startswith("sparse: correlation[MS, ")
    assert found.sentences[0].startswith("Do not trust this fit yet")


def test_a_case_that_is_a_small_part_is_told_and_harmless():
    found = diagnose(with_cases({"pooled": 0.0, "sparse": -9.0}, apart=["sparse"]))
    assert found.ok is True
    assert found.sentences[-1].startswith("By itself sparse has not mixed (R-hat up to 1.")


@pytest.mark.parametrize(("gain", "error", "told"), [(0.0, 2.5, True), (0.0, 0.1, False), (-9.0, 2.5, False)])
def test_shares_that_other_draws_would_change_are_told(gain, error, told):
    """A gain of +- 2.5, itself averaged over as much; of -9 +- 2.5 there is nothing to tell."""
    fit = with_cases({"sparse": gain})
    fit["structure_sparse"].attrs["log_predictive_gain_mc_error"] = error
    found = diagnose(fit)
    assert found.ok is True
    assert ("sparse 0.21 to 0.79" in found.sentences[-1]) == told


def test_an_average_of_parts_that_are_enough_has_enough_draws():
    """Means of autoregressive chains, parts .2 and .8: the scaled sizes foretell no larger error than the average has."""
    rng = np.random.default_rng(3)
    sizes, average = [], 0.0
    for share, draws, slow in ((0.2, 400, 0.8), (0.8, 1600, 0.8)):
        effective = draws * (1 - slow) / (1 + slow)
        steps = rng.standard_normal((4_000, draws)) * np.sqrt(1 - slow**2)
        steps[:, 0] /= np.sqrt(1 - slow**2)
        chains = lfilter([1.0], [1.0, -slow], steps, axis=1)
        average = average + share * chains.mean(axis=1)
        sizes.append(as_part(effective, 1.0, share)[0])
    assert sizes[0] == pytest.approx(sizes[1])
    # both parts just reach this size, so the average does: the variance of its mean, of 4,000 repetitions
    assert np.var(average) == pytest.approx(1 / sizes[0], rel=5 * np.sqrt(2 / 4_000) + 0.02)


def test_a_case_that_serves_as_an_end_of_a_range_needs_no_telling():
    """100 effective draws and an R-hat of 1.04 do, where it is not much of what is stated."""
    fit = with_cases({"pooled": 0.0, "sparse": -9.0}, apart=[])
    few = fit["structure_sparse"].to_dataset().isel(draw=slice(None, 100))
    fit["structure_sparse"] = xr.DataTree(few.assign_attrs(fit["structure_sparse"].attrs))
    ess, rhat = mixing({"correlation": few["correlation"].values})
    assert 100 < ess < 400
    assert rhat < 1.04
    assert not any("By itself" in sentence for sentence in diagnose(fit).sentences)

"""How much a structural special case counts, and the density that this hangs on."""

import numpy as np
import pytest
from scipy.stats import norm

import bayescov as bc
from bayescov.posterior.structures import structure_weights
from bayescov.sampling.prediction import log_predictive_density
from bayescov.simulate import simulate_cohort, truth
from tests.posterior.fakes import fake_design, fake_fit


def test_density_of_a_person_given_the_others_in_closed_form():
    """Normal data of known SD and unknown mean: what importance sampling says of the posterior is the closed form."""
    rng = np.random.default_rng(1)
    y = rng.standard_normal(12)
    n, draws = len(y), 100_000
    mean = y.mean() + rng.standard_normal((2, draws)) / np.sqrt(n)
    found = log_predictive_density(norm(mean[..., None]).logpdf(y))
    others = (y.sum() - y) / (n - 1)
    expected = norm(others, np.sqrt(1 + 1 / (n - 1))).logpdf(y)
    # The weights 1 / density have a variance: its Monte Carlo error, six times.
    weight = np.exp(-norm(mean[..., None]).logpdf(y)).reshape(-1, n)
    error = weight.std(axis=0) / weight.mean(axis=0) / np.sqrt(2 * draws)
    np.testing.assert_array_less(np.abs(found - expected), 6 * error)
    assert (
        np.abs(norm(y.mean()).logpdf(y) - expected) > 6 * error
    ).mean() > 0.5  # to leave nobody out is another thing


@pytest.mark.parametrize(("better", "weight"), [(0.0, 0.5), (-np.log(19.0), 0.05), (-40.0, 0.0), (40.0, 1.0)])
def test_weight_of_a_structure_is_by_its_predictions(better, weight):
    fit = doubted(better)
    assert structure_weights(fit)["structure_sparse"] == pytest.approx(weight, abs=1e-9)
    verdict = bc.connections(fit)["verdict"].values[0, 0]
    assert verdict == ("added" if weight <= 0.05 else "undecided")


def test_without_densities_a_structure_counts_half():
    fit = doubted(0.0)
    del fit["structure_sparse"].attrs["log_predictive_gain"]
    assert structure_weights(fit) == {"structure_sparse": 0.5}


def test_a_fit_keeps_what_its_structures_foretell(tmp_path):
    """Where every connection differs a little the sparse structure foretells worse; the weights survive the disk."""
    rng = np.random.default_rng(3)
    cohort = simulate_cohort(truth("dense", p=6, rng=rng), (60, 60, 60), rng=rng)
    fit = bc.fit(bc.prepare(cohort), seed=1, draws=300, tune=200, chains=2, min_ess=0, progress=False)
    weights = structure_weights(fit)
    assert weights["structure_sparse"] < 0.05 < weights["structure_pooled"]
    bc.save_fit(fit, tmp_path / "fit.zarr")
    assert structure_weights(bc.load_fit(tmp_path / "fit.zarr")) == weights


def doubted(better):
    """A connection added in every draw, which the sparse structure denies; it foretells the people `better` in all."""
    rng = np.random.default_rng(2)
    design = fake_design(rng, [f"R{i}" for i in range(3)], {"HC": 6, "A": 6})
    correlation = np.full((2, 50, 2, 3), 0.2)
    correlation[:, :, 0, 0], correlation[:, :, 1, 0] = 0.05, 0.9
    against = correlation.copy()
    against[:, :, 0, 0] = 0.9
    fit = fake_fit(correlation, design=design, structures={"sparse": against})
    fit["structure_sparse"].attrs["log_predictive_gain"] = better
    return fit

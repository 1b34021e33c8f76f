"""Fixtures: a small fit that every question can be put to."""

import numpy as np
import pytest

from bayescov.design import to_edges
from tests.posterior.fakes import fake_design, fake_fit, random_correlations


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(20231)


@pytest.fixture(scope="module")
def small(rng):
    """Three groups, five regions, 2 chains of 150 draws, with random means and both structural special cases."""
    regions = ["Thalamus", "Pons", "Caudate", "Putamen", "Cerebellum"]
    design = fake_design(rng, regions, {"HC": 9, "MS": 8, "NMOSD": 7})
    correlation = to_edges(random_correlations(rng, (2, 150, 3), 5, people=8))
    cases = {
        "pooled": to_edges(random_correlations(rng, (2, 60, 3), 5, people=8)),
        "sparse": to_edges(random_correlations(rng, (2, 60, 3), 5, people=8)),
    }
    mean = rng.normal(0.0, 0.4, size=(2, 150, 3, 5)) + np.array([0.0, -1.0, 0.1])[:, None]
    return fake_fit(correlation, design=design, mean=mean, structures=cases)

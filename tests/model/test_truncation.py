"""What the prior says once matrices have to be positive definite, against draws that are thrown away where they are not."""

import math

import numpy as np
import pytest

from bayescov.model import load_model
from bayescov.model.forward import draw_point
from bayescov.model.truncation import _stepped, prior_chances
from tests.model.designs import random_design

DRAWS = 2500


@pytest.mark.parametrize(
    ("model", "sizes"),
    [("adaptive", (5, 5, 5)), ("sparse", (5, 5, 5)), ("sparse", (5, 5)), ("adaptive", (5, 5))],
)
def test_the_chances_are_those_of_draws_that_are_thrown_away_where_they_must_be(model, sizes):
    # Often enough for something to be counted, and strong enough that most of it is thrown away.
    spec = load_model(model).change(sparse={"size_median": 0.6})
    if spec.coupling is not None:
        spec = spec.change(coupling={"share": 0.4, "scale": 0.6}, attenuation={"share": 0.1})
    design, rng = random_design(sizes=sizes, regions=4, covariates="", seed=1), np.random.default_rng(2)
    first = spec.first_departing(len(sizes))
    included, shifted = [], []
    for _ in range(DRAWS):
        point = draw_point(spec, design, seed=rng)
        own = point["included"] > 0
        included.append(np.mean(own[1:] | own[:1] if first == 0 else own))
        if spec.coupling is not None:
            shifted.append(np.mean(point["coupling"] != 0))
    chances = prior_chances(spec, 4, len(sizes))
    for drawn, found in ((included, chances.included), (shifted, chances.shifted)):
        if drawn:
            assert found == pytest.approx(
                np.mean(drawn), abs=4 * np.std(drawn) / math.sqrt(DRAWS) + 0.02 * found
            )
            assert abs(found - np.mean(drawn)) < 0.3 * found
    nominal = spec.sparse.share_a / (spec.sparse.share_a + spec.sparse.share_b)
    assert chances.included < 0.9 * (1 - (1 - nominal) ** (2 if first == 0 else 1))


def test_models_without_departures_or_shifts_have_no_chances():
    assert np.isnan(prior_chances(load_model("separate"), 4, 3)).all()
    assert np.isnan(prior_chances(load_model("pooled"), 4, 3)).all()
    assert np.isnan(prior_chances(load_model("sparse"), 4, 3).shifted)


def test_a_step_counts_negative_eigenvalues_and_keeps_the_inverse():
    rng = np.random.default_rng(3)
    p, n = 6, 300
    matrices = np.array([np.corrcoef(rng.standard_normal((8, p)).T) for _ in range(n)])
    inverse, negative = np.linalg.inv(matrices), np.zeros(n, dtype=int)
    for _ in range(4):
        i, j = np.array([rng.choice(p, 2, replace=False) for _ in range(n)]).T
        step = rng.uniform(-0.9, 0.9, n)
        matrices[np.arange(n), i, j] += step
        matrices[np.arange(n), j, i] += step
        inverse, more = _stepped(inverse, i, j, step)
        negative += more
        eigenvalues = np.linalg.eigvalsh(matrices)
        clear = np.abs(eigenvalues).min(axis=1) > 1e-6
        np.testing.assert_array_equal(negative[clear], (eigenvalues < 0).sum(axis=1)[clear])
        np.testing.assert_allclose(
            (inverse @ matrices)[clear], np.broadcast_to(np.eye(p), (n, p, p))[clear], atol=1e-5
        )
    assert len(np.unique(negative)) >= 3

"""The compiled sampler draws from the posterior: simulation-based calibration of every model, and faults it must see."""

import numpy as np
import pytest

from bayescov.model import load_model
from tests.sampling.sbc import p_values, ranks

LEVEL = 1e-4  # of some 15 quantities in each of a dozen combinations: a false alarm once in 50 runs


def small(name, likelihood="normal"):
    """The packaged model with priors of kappa under which three regions of eight people say something."""
    spec = load_model(name)
    if spec.dense is not None and spec.dense.width > 0:
        spec = spec.change(dense={"median": 30.0, "width": 1.0, "atom": 0.3 if name == "adaptive" else 0.0})
    if spec.coupling is not None:
        spec = spec.change(coupling={"share": 0.5})
    if spec.attenuation is not None:
        spec = spec.change(attenuation={"share": 0.3})
    return spec.change(likelihood={"family": likelihood})


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("likelihood", ["normal", "student"])
@pytest.mark.parametrize("model", ["separate", "pooled", "sparse", "adaptive"])
def test_ranks_are_uniform(model, likelihood, missing):
    found = p_values(ranks(small(model, likelihood), repetitions=300, seed=1, missing=missing))
    assert min(found.values()) > LEVEL, found


@pytest.mark.slow
@pytest.mark.parametrize(("change", "repetitions"), [({"per_population": True}, 300), ({"atom": 0.0}, 900)])
def test_ranks_are_uniform_with_other_priors_of_kappa(change, repetitions):
    # Without the atom the first 300 have p = 1e-5 for the prior's scale, in a single bin of one region; the next 600 have
    # p = .17, and 300 each of two other seeds nothing at all: so more of them decide.
    found = p_values(ranks(small("adaptive").change(dense=change), repetitions=repetitions, seed=2))
    assert min(found.values()) > LEVEL, found


@pytest.mark.slow
def test_ranks_are_uniform_with_sites_and_an_lkj_prior():
    spec = small("pooled").change(shared={"family": "lkj", "eta": 2.0})
    found = p_values(ranks(spec, repetitions=300, seed=3, site=True))
    assert min(found.values()) > LEVEL, found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "quantity"),
    [
        ({"shared": {"family": "lkj", "eta": 6.0}}, "shared_correlation"),
        ({"dense": {"median": 10.0}}, "closeness"),
        ({"spread": {"control_sd": 0.25}}, "sd"),
        ({"mean": {"spread_scale": 0.4}}, "mean_spread"),
        ({"shared": {"eta": 4.0}}, "shared_level"),
        ({"coupling": {"scale": 0.08}}, "coupling"),
        ({"focal": {"share_b": 4.0}}, "mean_share"),
    ],
)
def test_a_wrong_prior_is_seen(fault, quantity):
    """Negative controls: the same test, the sampler given a model with one prior changed."""
    models = {"shared_level": "adaptive", "coupling": "adaptive", "mean_share": "sparse"}
    spec = small(models.get(quantity, "pooled"))
    found = p_values(ranks(spec, repetitions=300, seed=4, fitted=spec.change(**fault)))
    assert found[quantity] < LEVEL, found


def test_ranks_have_the_right_middle():
    """The quick look of the default suite: over 40 data sets no mean rank strays (adaptive, all blocks at work)."""
    found = ranks(small("adaptive"), repetitions=40, seed=5)
    for name, r in found.items():
        mean = r.mean(axis=0) / 59
        error = np.sqrt(1 / 12 / len(r))
        assert np.abs(mean - 0.5).max() < 4.5 * error, name

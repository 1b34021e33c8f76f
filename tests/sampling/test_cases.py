"""Special cases: for how long they are drawn from, and what has to mix in them."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.sampling import cases
from bayescov.sampling.cases import fit_cases, special_case
from bayescov.sampling.watched import Effort

from .fakes import small_design

EFFORT = Effort(draws=250, tune=100, chains=4, min_ess=400.0, cores=1, progress=False)


def shares_asked(monkeypatch, after, *, foretold=True):
    """Of both cases, the share by which it is judged after each block of draws; `after`: what each of six people gains there."""
    asked = {"pooled": [], "sparse": []}

    def run(spec, design, seed, effort, *, max_draws, title, only, share_of):
        name = "sparse" if spec.dense is None else "pooled"
        assert (max_draws, title, only) == (5000, f"special case: {name}", "correlation")
        for gain in after[name]:
            densities = np.full((4, 500, 6), gain) if foretold else None
            asked[name].append(share_of(densities))
        stats = {} if densities is None else {"log_likelihood": densities}
        return {"correlation": np.zeros((4, 500, 3, 3))}, stats, {"draws": 500, "thin": 1}

    monkeypatch.setattr(cases, "run", run)
    seeds = np.random.SeedSequence(1).spawn(2)
    _, gains = fit_cases(
        bc.load_model("adaptive"),
        small_design(),
        seeds,
        EFFORT,
        max_draws=5000,
        foretold=np.zeros((4, 500, 6)) if foretold else None,
    )
    return asked, {name: gain["log_predictive_gain"] for name, gain in gains.items()}


def test_a_case_has_to_mix_as_well_as_its_share_needs_it(monkeypatch):
    """Of three parts alike: the first is judged as one of two, which is on the safe side; the second as one of three."""
    asked, gains = shares_asked(monkeypatch, {"pooled": [0.0], "sparse": [0.0]})
    assert asked["pooled"] == [pytest.approx(1 / 2)]
    assert asked["sparse"] == [pytest.approx(1 / 3)]
    assert gains == pytest.approx({"pooled": 0.0, "sparse": 0.0})


def test_the_share_goes_by_all_draws_so_far(monkeypatch):
    """Six people, each foretold better by a fifth and then by two fifths: odds exp(1.2) and exp(2.4)."""
    asked, gains = shares_asked(monkeypatch, {"pooled": [-9.0], "sparse": [0.2, 0.4]})
    assert asked["sparse"] == pytest.approx([1 / (1 + np.exp(-1.2)), 1 / (1 + np.exp(-2.4))], rel=1e-6)
    assert gains == pytest.approx({"pooled": -54.0, "sparse": 2.4})


@pytest.mark.parametrize("gain", [{"pooled": [9.0], "sparse": [0.0]}, {"pooled": [9.0], "sparse": [-1.0]}])
def test_a_case_that_counts_for_nothing_may_be_an_end_of_a_range_and_has_to_mix_somewhat(monkeypatch, gain):
    """Beside one that foretells far better, and where the people speak against it."""
    asked, _ = shares_asked(monkeypatch, gain)
    assert asked["pooled"] == [pytest.approx(1.0)]
    assert asked["sparse"] == [0.25]


def test_what_cannot_be_foretold_counts_as_where_nothing_is_recorded(monkeypatch):
    asked, _ = shares_asked(monkeypatch, {"pooled": [np.nan], "sparse": [np.nan]})
    assert asked == {"pooled": [pytest.approx(1 / 2)], "sparse": [pytest.approx(1 / 3)]}


def test_where_nothing_was_recorded_of_the_people_a_case_counts(monkeypatch):
    asked, gains = shares_asked(monkeypatch, {"pooled": [0.0], "sparse": [0.0]}, foretold=False)
    assert asked == {"pooled": [pytest.approx(1 / 2)], "sparse": [pytest.approx(1 / 3)]}
    assert gains == {}


def test_a_case_stops_once_it_is_enough_for_its_share():
    """Where all 400 draws are asked for, every other is kept; where a hundredth of the effective draws is, the first are."""
    few, all_of_them = (
        bc.fit(
            small_design(), draws=100, tune=100, chains=2, min_ess=ess, max_draws=400, seed=1, progress=False
        )
        for ess in (20.0, 2000.0)
    )
    for name in ("structure_pooled", "structure_sparse"):
        drawn, whole = few[name]["correlation"].values, all_of_them[name]["correlation"].values
        assert 100 <= drawn.shape[1] < 400
        assert whole.shape[1] == 200
        np.testing.assert_array_equal(drawn[:, 1::2], whole[:, : drawn.shape[1] // 2])


def test_cases_keep_the_other_priors():
    spec = bc.load_model("adaptive")
    pooled, sparse = special_case(spec, "pooled"), special_case(spec, "sparse")
    assert pooled.sparse is None
    assert pooled.dense.atom == 0.0
    assert sparse.dense is None
    assert sparse.sparse == spec.sparse
    assert pooled.shared == sparse.shared == spec.shared

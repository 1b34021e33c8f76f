"""Special cases: which are drawn from for longer, and what has to mix in them."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.sampling import cases
from bayescov.sampling.cases import fit_cases, special_case
from bayescov.sampling.watched import Effort

from .fakes import small_design

EFFORT = Effort(draws=250, tune=100, chains=4, min_ess=400.0, cores=1, progress=False)


def fake_run(made, *, slow, foretells):
    """A sampler that notes what it is asked for; the chains of `slow` cases agree only beyond three times the draws."""

    def run(spec, design, seed, effort, *, max_draws, title, only=None):
        name = "sparse" if spec.dense is None else "pooled"
        made.append((name, max_draws, effort.min_ess, effort.largest_rhat))
        assert only == "correlation"
        rng = np.random.default_rng(seed)
        correlation = 0.2 * rng.standard_normal((4, 500, 3, 3))
        if name in slow and max_draws <= 3 * effort.draws:
            correlation[0] += 0.2  # an R-hat of 1.15 or so
        stats = {"log_likelihood": np.full((4, 500, 6), foretells[name])}
        return {"correlation": correlation}, stats, {"draws": 500, "thin": 1}

    return run


@pytest.mark.parametrize(
    ("slow", "foretells", "min_ess", "longer"),
    [
        ({"sparse"}, {"pooled": 0.0, "sparse": 0.0}, 400.0, ["sparse"]),
        ({"pooled", "sparse"}, {"pooled": 0.0, "sparse": 0.0}, 400.0, ["pooled", "sparse"]),
        (
            {"sparse"},
            {"pooled": 0.0, "sparse": -1.0},
            400.0,
            [],
        ),  # six people, each foretold worse by 1: odds exp(-6)
        (
            {"sparse"},
            {"pooled": 1.0, "sparse": 0.0},
            400.0,
            [],
        ),  # next to another case that foretells far better
        (set(), {"pooled": 0.0, "sparse": 0.0}, 400.0, []),
        ({"sparse"}, {"pooled": 0.0, "sparse": 0.0}, 0.0, []),  # exactly so many draws were asked for
    ],
)
def test_a_case_is_drawn_from_for_longer_where_it_counts_and_has_not_mixed(
    monkeypatch, slow, foretells, min_ess, longer
):
    made = []
    monkeypatch.setattr(cases, "run", fake_run(made, slow=slow, foretells=foretells))
    effort = Effort(**{**vars(EFFORT), "min_ess": min_ess})
    seeds = np.random.SeedSequence(1).spawn(2)
    variables, gains = fit_cases(
        bc.load_model("adaptive"),
        small_design(),
        seeds,
        effort,
        max_draws=5000,
        foretold=np.zeros((4, 500, 6)),
    )
    assert made[:2] == [("pooled", 750, min_ess, 1.01), ("sparse", 750, min_ess, 1.01)]
    third = pytest.approx(400.0 / 3), pytest.approx(1.03)  # three parts alike
    assert made[2:] == [(name, 5000, *third) for name in longer]
    assert {name: gains[name]["log_predictive_gain"] for name in gains} == pytest.approx(
        {name: 6 * value for name, value in foretells.items()}
    )
    for name in longer:  # what is kept is what was drawn last
        assert abs(variables[name]["correlation"][0].mean()) < 0.02


@pytest.mark.parametrize(("thin", "longer"), [(1, 2), (200, 1)])
def test_a_case_that_counts_for_more_once_it_was_drawn_again_is_drawn_again(monkeypatch, thin, longer):
    """As long as its budget (`thin` times its draws) is not spent."""
    made = []

    def run(spec, design, seed, effort, *, max_draws, title, only=None):
        name = "sparse" if spec.dense is None else "pooled"
        made.append((name, max_draws, effort.min_ess))
        again = name == "sparse" and max_draws > 750
        # Twice as many independent draws as were asked for; drawn again, it foretells each of six people better by 1.
        draws = round(2 * effort.min_ess / 4) if again or name == "pooled" else 20
        correlation = 0.2 * np.random.default_rng(seed).standard_normal((4, draws, 3, 3))
        stats = {"log_likelihood": np.full((4, 500, 6), float(again))}
        return {"correlation": correlation}, stats, {"draws": draws, "thin": thin}

    monkeypatch.setattr(cases, "run", run)
    seeds = np.random.SeedSequence(1).spawn(2)
    variables, _ = fit_cases(
        bc.load_model("adaptive"),
        small_design(),
        seeds,
        EFFORT,
        max_draws=5000,
        foretold=np.zeros((4, 500, 6)),
    )
    asked = [min_ess for name, most, min_ess in made if name == "sparse" and most == 5000]
    assert len(asked) == longer
    assert asked[0] == pytest.approx(400.0 / 3)
    assert asked[-1] == pytest.approx(400.0, abs=5.0) or longer == 1
    assert variables["sparse"]["correlation"].shape[1] == round(2 * asked[-1] / 4)


def test_where_nothing_was_recorded_of_the_people_a_case_counts(monkeypatch):
    made = []
    monkeypatch.setattr(
        cases, "run", fake_run(made, slow={"sparse"}, foretells={"pooled": 0.0, "sparse": -1.0})
    )
    seeds = np.random.SeedSequence(1).spawn(2)
    _, gains = fit_cases(
        bc.load_model("adaptive"), small_design(), seeds, EFFORT, max_draws=5000, foretold=None
    )
    assert [m[:2] for m in made[2:]] == [("sparse", 5000)]
    assert gains == {}


def test_a_budget_is_kept_by_the_cases_too(monkeypatch):
    made = []
    monkeypatch.setattr(
        cases, "run", fake_run(made, slow={"sparse"}, foretells={"pooled": 0.0, "sparse": 0.0})
    )
    seeds = np.random.SeedSequence(1).spawn(2)
    fit_cases(bc.load_model("adaptive"), small_design(), seeds, EFFORT, max_draws=300, foretold=None)
    assert [m[:2] for m in made] == [("pooled", 300), ("sparse", 300)]


def test_cases_keep_the_other_priors():
    spec = bc.load_model("adaptive")
    pooled, sparse = special_case(spec, "pooled"), special_case(spec, "sparse")
    assert pooled.sparse is None
    assert pooled.dense.atom == 0.0
    assert sparse.dense is None
    assert sparse.sparse == spec.sparse
    assert pooled.shared == sparse.shared == spec.shared

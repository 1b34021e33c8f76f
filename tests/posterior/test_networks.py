"""networks(): the measures of every draw, taken one by one."""

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.cohort.sides import homologous_pairs
from bayescov.design import from_edges, to_edges
from bayescov.errors import AnswerError
from bayescov.model import load_model
from bayescov.posterior.networks import BIAS, default_hubs
from tests.posterior.fakes import fake_design, fake_fit, random_correlations

REGIONS = ["Left-Thalamus", "Brain-Stem", "Right-Thalamus", "Left-Putamen", "Right-Putamen", "Left-Caudate"]


@pytest.fixture(scope="module")
def fit(rng):
    design = fake_design(rng, REGIONS, {"HC": 9, "MS": 8, "NMOSD": 7})
    return fake_fit(to_edges(random_correlations(rng, (2, 40, 3), 6, people=7)), design=design)


@pytest.fixture(scope="module")
def answers(fit):
    return bc.networks(fit, threshold=0.4, hubs=2, interval=0.9)


def matrices(fit):
    values = fit["posterior"]["correlation"].values
    return from_edges(values.reshape(-1, *values.shape[2:]))


def test_measures_of_every_draw_equal_networkx(fit, answers):
    efficiency = np.array(
        [
            [
                nx.local_efficiency(nx.from_numpy_array((np.abs(m) > 0.4) & ~np.eye(6, dtype=bool)))
                for m in draw
            ]
            for draw in matrices(fit)
        ]
    )
    got = answers.sel(measure="local_efficiency")
    difference = efficiency[:, 1:] - efficiency[:, :1]
    np.testing.assert_allclose(got["mean"], efficiency[:, 1:].mean(axis=0))
    np.testing.assert_allclose(got["control_mean"], efficiency[:, 0].mean())
    np.testing.assert_allclose(got["difference"], difference.mean(axis=0))
    np.testing.assert_allclose(got["difference_low"], np.quantile(difference, 0.05, axis=0))
    np.testing.assert_allclose(got["difference_high"], np.quantile(difference, 0.95, axis=0))
    higher = (difference > 1e-9).mean(axis=0) + 0.5 * (abs(difference) <= 1e-9).mean(axis=0)
    np.testing.assert_allclose(got["p_higher"], higher)


def test_regional_measures_and_hubs(fit, answers):
    weights = np.abs(matrices(fit)) - np.eye(6)
    strength, degree = weights.sum(axis=-1), (weights > 0.4).sum(axis=-1)
    for name, values in (("strength", strength), ("degree", degree)):
        got = answers.sel(regional_measure=name)
        np.testing.assert_allclose(got["regional_mean"], values[:, 1:].mean(axis=0))
        np.testing.assert_allclose(
            got["regional_difference"], (values[:, 1:] - values[:, :1]).mean(axis=0), atol=1e-12
        )
    hubs = np.zeros((3, 6))
    for draw in strength:
        for g, values in enumerate(draw):
            hubs[g, np.argsort(values)[-2:]] += 1 / len(strength)
    np.testing.assert_allclose(answers["p_hub"], hubs[1:])
    np.testing.assert_allclose(answers["p_hub_control"], np.stack([hubs[0]] * 2))


def test_homotopic_is_the_mean_correlation_of_homologues(fit, answers):
    assert homologous_pairs(REGIONS) == [(0, 2), (3, 4)]
    values = (matrices(fit)[:, :, 0, 2] + matrices(fit)[:, :, 3, 4]) / 2
    np.testing.assert_allclose(answers["mean"].sel(measure="homotopic"), values[:, 1:].mean(axis=0))


def test_without_homologues_there_is_no_homotopic_measure(small):
    assert "homotopic" not in bc.networks(small, draws=50)["measure"].values


def test_same_seed_same_answers_and_draws_are_spread(fit):
    one, two = bc.networks(fit, draws=50), bc.networks(fit, draws=50)
    assert one.identical(two)
    assert one.attrs["draws"] == 50
    assert bc.networks(fit, draws=10_000).attrs["draws"] == 80


def test_partial_networks_are_other_networks(fit):
    plain, partial = (bc.networks(fit, draws=50, kind=kind) for kind in ("correlation", "partial"))
    assert not np.allclose(plain["mean"].sel(measure="strength"), partial["mean"].sel(measure="strength"))


def test_what_to_beware_of_holds_the_published_table():
    """The range of the measures' coverage."""
    table = Path(__file__).parents[2] / "benchmarks" / "results" / "networks.csv"
    if not table.is_file():
        pytest.skip("the benchmarks are not part of this distribution")
    frame = pd.read_csv(table)
    for name in ("adaptive", "pooled", "separate"):
        covered = 100 * frame[frame["model"] == name].groupby("measure")["covered"].mean()
        within = covered[covered < 100]
        assert f"{within.min():.0f} %" in BIAS[name] or f"{within.min():.0f} to" in BIAS[name]
        assert f"to {within.max():.0f} %" in BIAS[name]


def bias(rng, *, regions=7, groups=("HC", "MS", "NMOSD"), model="separate", structures=(), **asked):
    design = fake_design(rng, [f"R{k}" for k in range(regions)], dict.fromkeys(groups, 9))
    draws = to_edges(random_correlations(rng, (1, 50, len(groups)), regions, people=40))
    cases = dict.fromkeys(structures, draws)
    return bc.networks(
        fake_fit(draws, design=design, model=model, structures=cases), draws=50, **asked
    ).attrs["bias"]


def test_what_was_measured_is_said_of_what_it_was_measured_on(rng):
    assert bias(rng).endswith(BIAS["separate"])
    assert bias(rng, model="adaptive", structures=("pooled", "sparse")).endswith(BIAS["adaptive"])
    for other in (
        {"model": "adaptive"},
        {"model": load_model("pooled").change(spread={"shift_sd": 0.4})},
        {"kind": "partial"},
        {"threshold": 0.2},
        {"regions": 2},
        {"groups": ("HC", "MS")},
    ):
        assert "was not measured" in bias(rng, **other), other


def test_frames(answers):
    frame = bc.to_frame(answers, over=("population", "measure"))
    assert list(frame.columns[:3]) == ["population", "measure", "mean"]
    assert list(bc.to_frame(answers, over=("population", "region")).columns) == [
        "population", "region", "p_hub", "p_hub_control",
    ]  # fmt: skip
    assert len(bc.to_frame(answers)) == 2 * 5 * 6


@pytest.mark.parametrize(("n_regions", "hubs"), [(2, 1), (3, 1), (6, 2), (14, 3), (68, 3)])
def test_by_default_at_most_a_third_of_the_regions_are_hubs(n_regions, hubs):
    assert default_hubs(n_regions) == hubs


def test_two_regions_are_a_network(rng):
    design = fake_design(rng, REGIONS[:2], {"HC": 9, "MS": 8})
    pair = fake_fit(to_edges(random_correlations(rng, (2, 40, 2), 2, people=7)), design=design)
    answers = bc.networks(pair)
    assert answers.attrs["hubs"] == 1
    assert answers.attrs["definition_hub"] == "the region of greatest strength"
    assert np.isfinite(answers.sel(measure="density")["difference"]).all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"hubs": 0}, "hubs=0"),
        ({"hubs": 9}, "between 1 and 6"),
        ({"draws": 2.5}, "draws=2.5"),
        ({"draws": 49}, "draws=49 must be a whole number of at least 50"),
        ({"kind": "x"}, "kind"),
        ({"seed": -1}, "seed=-1 must be a whole number of at least 0"),
    ],
)
def test_bad_arguments_get_a_sentence(fit, wrong, sentence):
    with pytest.raises(AnswerError, match=sentence):
        bc.networks(fit, **wrong)

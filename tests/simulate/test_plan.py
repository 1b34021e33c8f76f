"""plan(): counts of simulated studies, the same whoever counts them, and power that grows with people."""

import sys

import numpy as np
import pytest

import bayescov as bc
from bayescov.errors import AnswerError
from bayescov.simulate import truth
from bayescov.simulate.differences import most_changed, random_edges
from bayescov.simulate.truths import planted_truth

SMALL = {
    "regions": 6,
    "changed": 2,
    "model": "separate",
    "studies": 4,
    "fdr": 0.2,
    "settings": {"draws": 200, "tune": 100, "min_ess": 0.0},
}


@pytest.fixture(scope="module")
def answers():
    return bc.plan([15, (400, 400, 400)], effect=0.5, **SMALL)


def test_power_grows_with_the_number_of_people(answers):
    small, large = answers["power"].sel(change="added").values
    assert large > small
    assert large > 0.5
    assert (answers["width"].values[1] < answers["width"].values[0]).all()
    assert answers["size"].values.tolist() == ["15/15/15", "400/400/400"]
    assert answers["controls"].values.tolist() == [15, 400]


def test_the_answers_hold_together(answers):
    assert (answers["power_low"] <= answers["power"] + 1e-12).all()
    assert (answers["power"] <= answers["power_high"] + 1e-12).all()
    assert ((answers["false_share"] >= 0) & (answers["false_share"] <= 1)).all()
    # the same truths for every size
    assert (answers["n_true"][0] == answers["n_true"][1]).all()
    assert float(answers["effect_realised"][0]) == float(answers["effect_realised"][1])
    assert 0.2 < float(answers["effect_realised"][0]) <= 0.5


def test_counts_are_kept_and_do_not_depend_on_the_cache(tmp_path, answers, monkeypatch):
    first = bc.plan(15, effect=0.5, cache=tmp_path / "kept", **SMALL)
    np.testing.assert_array_equal(first["power"][0], answers["power"][0])
    assert len(list((tmp_path / "kept").glob("*.json"))) == 4
    monkeypatch.setattr(sys.modules["bayescov.simulate.plan"], "_study", None)  # nothing is simulated again
    assert bc.plan(15, effect=0.5, cache=tmp_path / "kept", **SMALL).identical(first)
    with pytest.raises(TypeError):
        bc.plan(15, effect=0.4, cache=tmp_path / "kept", **SMALL)


def test_the_planted_truth_is_the_sparse_one_at_its_numbers():
    one = truth("sparse", p=14, rng=np.random.default_rng(3))
    two = planted_truth(p=14, effect=0.45, changed=8, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(one.correlation, two.correlation)


def test_under_the_null_there_is_nothing_to_find():
    answers = bc.plan(30, truth="null", **SMALL)
    assert answers["power"].isnull().all()
    assert (answers["n_true"] == 0).all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"n": (1, 2)}, "n=1 must be a whole number of at least 4"),
        ({"n": [(30, 30)]}, r"n=\(30, 30\) must be a number of people a group"),
        ({"n": []}, "n names no size"),
        ({"n": 30, "jobs": 0}, "jobs=0 must be a whole number of at least 1, or -1 for all cores"),
        ({"n": 30, "seed": -1}, "seed=-1 must be a whole number of at least 0"),
        ({"n": 30, "regions": 3}, "regions=3"),
        ({"n": 30, "truth": "sprase"}, "did you mean 'sparse'"),
        ({"n": 30, "changed": 99}, "changed=99 must be a whole number between 1 and 21"),
        ({"n": 30, "effect": 2.0}, r"effect=2.0 must be a number in \[0, 1.5\]"),
    ],
)
def test_bad_arguments_get_a_sentence(wrong, sentence):
    with pytest.raises(AnswerError, match=sentence):
        bc.plan(wrong.pop("n"), **wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "regions", "studies"), [((34, 40, 35), 15, 24), ((100, 100, 100), 14, 12)])
def test_power_is_the_one_that_calibration_realises(size, regions, studies):
    """Other data sets, other code, one power: planned and calibrated agree within their noise."""
    from bayescov.simulate.calibrate import calibrate

    planned = bc.plan([size], regions=regions, seed=1, model="sparse", truth="sparse", studies=studies)
    runs = calibrate(["sparse"], models=["sparse"], sizes=size, p=regions, datasets=studies, seed=2, jobs=1)
    called = runs["verdict"].isin(["added", "missing", "reversed"])
    here = planned.sel(size=planned["size"].values[0])
    print("named a study", float(here["n_called"]), called.sum() / studies)
    for change in ("added", "missing"):
        true = runs[runs[change]]
        by_study = (true["verdict"] == change).groupby(true["dataset"]).mean()
        cell = here.sel(change=change)
        error = np.hypot(
            float(cell["power_high"] - cell["power_low"]) / 3.92, by_study.std() / np.sqrt(len(by_study))
        )
        realised = (true["verdict"] == change).mean()
        print(
            change,
            "planned",
            round(float(cell["power"]), 3),
            "realised",
            round(realised, 3),
            "error",
            round(error, 3),
        )
        assert float(cell["power"]) > 0  # or there would be nothing to compare
        assert float(cell["power"]) == pytest.approx(realised, abs=3 * error)


def test_a_size_named_twice_is_planned_once_and_named_truths_know_no_number_of_changes(tmp_path):
    quick = {k: v for k, v in SMALL.items() if k != "changed"} | {"studies": 1, "cache": tmp_path}
    twice = bc.plan([12, 15, (12, 12, 12)], truth="dense", changed=99, effect=0.1, **quick)
    assert twice["size"].values.tolist() == ["12/12/12", "15/15/15"]
    assert twice.identical(bc.plan([12, 15], truth="dense", **quick))
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert not {"effect", "changed"} & set(twice.attrs)


def test_few_regions_have_fewer_changes_by_default_and_what_is_said_is_what_is_planted():
    assert bc.plan(12, regions=6, model="separate", studies=1, settings={"draws": 100}).attrs["changed"] == 3
    world = planted_truth(p=6, effect=0.2, changed=3, rng=np.random.default_rng(1))
    most = most_changed(world.regions) // 2
    assert most == 3
    assert len(random_edges(world.regions, 100, np.random.default_rng(2))) == 2 * most

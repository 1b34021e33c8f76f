"""What `calibrate` refuses, and when; whom it judges by which truth."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from bayescov.errors import BayescovError
from bayescov.model import load_model
from bayescov.simulate import calibrate


@pytest.mark.parametrize(
    ("truths", "datasets", "sentence"),
    [
        (["null", "spars"], 1, "'spars'.*did you mean 'sparse'"),
        (["null"], 0, "datasets=0 must be a whole number of at least 1"),
    ],
)
def test_nothing_is_fitted_before_all_names_are_known(monkeypatch, truths, datasets, sentence):
    def fitted(*_, **__):
        raise AssertionError("a data set was fitted")

    monkeypatch.setattr(import_module("bayescov.sampling"), "fit", fitted)
    with pytest.raises(BayescovError, match=sentence):
        calibrate(truths, datasets=datasets, p=4, jobs=1)
    with pytest.raises(BayescovError, match=r"datasets=1\.5 must be a whole number"):
        calibrate(["null"], datasets=1.5, p=4, jobs=1)
    for empty in ("truths", "models"):
        with pytest.raises(BayescovError, match=f"{empty} is empty, which leaves nothing to judge"):
            calibrate(**{"truths": ["null"], empty: []}, datasets=1, p=4, jobs=1)
    same = [load_model("separate"), load_model("separate").change(dense={"median": 200.0})]
    with pytest.raises(BayescovError, match=r"two models are called .separate.,.*name=.separate-2."):
        calibrate(["null"], models=same, datasets=1, p=4, jobs=1)
    with pytest.raises(BayescovError, match="4 regions need"):
        calibrate(["null"], datasets=1, p=4, healthy=np.eye(3), jobs=1)
    with pytest.raises(BayescovError, match="not positive semi-definite"):
        calibrate(["null"], datasets=1, p=4, healthy=np.full((4, 4), -0.5) + 1.5 * np.eye(4), jobs=1)
    with pytest.raises(BayescovError, match="seed=-1 must be a whole number of at least 0"):
        calibrate(["null"], datasets=1, p=4, seed=-1, jobs=1)
    with pytest.raises(
        BayescovError, match="jobs=0 must be a whole number of at least 1, or -1 for all cores"
    ):
        calibrate(["null"], datasets=1, p=4, jobs=0)
    with pytest.raises(AssertionError, match="was fitted"):  # where all is known
        calibrate(["null"], datasets=1, p=4, jobs=1)


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ((2, 2, 2), "n=2 must be a whole number of at least 4"),
        ((0, 0, 0), "n=0 must be a whole number of at least 4"),
        ((10, 3, 0), "n=3 must be a whole number of at least 4"),
        ((10, 0, 0), "leave no patient group"),
        ((10, 10), "one number of people for each of HC, MS, NMOSD"),
        (10, "one number of people for each of HC, MS, NMOSD"),
    ],
)
def test_too_few_people_are_said_before_anything_is_simulated(sizes, sentence):
    with pytest.raises(BayescovError, match=sentence):
        calibrate(["null"], models=["separate"], sizes=sizes, datasets=1, p=4, draws=50, jobs=1)


@pytest.mark.parametrize(("sizes", "population"), [((12, 11, 0), "MS"), ((12, 0, 11), "NMOSD")])
def test_the_only_patient_group_is_judged_by_its_own_truth(sizes, population):
    """Where `few` is the truth MS has correlations raised by .5 and NMOSD has none."""
    runs = calibrate(["few"], models=["separate"], sizes=sizes, datasets=1, p=6, draws=50, jobs=1)
    assert set(runs["population"]) == {population}
    assert (runs["difference"].abs() > 0.2).any() == (population == "MS")


def test_one_name_is_one_name_and_truths_named_twice_count_once():
    settings = {"sizes": (12, 11, 0), "datasets": 1, "p": 4, "draws": 50, "jobs": 1}
    one = calibrate("null", models="separate", **settings)
    pd.testing.assert_frame_equal(one, calibrate(["null", "null"], models=["separate"], **settings))
    settings["sizes"] = np.array(settings["sizes"])
    pd.testing.assert_frame_equal(one, calibrate("null", models=load_model("separate"), **settings))


def test_cohorts_are_drawn_from_the_given_correlations():
    """A hub that is uncoupled where everything correlates .8 loses that; where nothing does it has nothing to lose."""
    for level, lost in ((0.0, False), (0.8, True)):
        runs = calibrate(
            ["hub"], models=["separate"], sizes=(60, 0, 60), datasets=1, p=6, draws=50, jobs=1,
            healthy=np.full((6, 6), level) + (1 - level) * np.eye(6),
        )  # fmt: skip
        assert runs["missing"].any() == lost
        assert (runs["fisher_z"].min() < -4) == lost

"""Arguments of the wrong type get a sentence, and what may be a number in a frame is taken as one."""

import subprocess
import sys

import pandas as pd
import pytest

import bayescov as bc
from bayescov.errors import BayescovError
from tests.report.fake import fake_fit


@pytest.fixture(scope="module")
def cohort():
    return bc.simulate_study("ms-nmosd", seed=1)


@pytest.fixture(scope="module")
def table(cohort):
    visits = [
        cohort.volumes.assign(group=[g == "MS" for g in cohort.group], visit=v).rename_axis("id")
        for v in (1, 2)
    ]
    return pd.concat(visits).reset_index().replace({"group": {True: 1, False: 0}})


def test_visits_and_groups_may_be_numbers(table):
    second = bc.read_cohort(table, visit=2, control=0)
    assert (second.control, second.groups) == ("0", ("0", "1"))
    assert set(second.covariates["visit"]) == {2}


WRONG = {
    "a list of regions": (lambda c, t: bc.read_cohort(t, regions=None), "regions=None must be 'subcortical', 'all' or a list"),
    "a group": (lambda c, t: bc.read_cohort(t, group=["group"]), r"group=\['group'\] must be a name, as text"),
    "a design for the permutation test": (lambda c, t: bc.permutation_test(c), "this test needs a Design, not Cohort; make one"),
    "a design for the ANCOVA": (lambda c, t: bc.ancova(c), "this test needs a Design, not Cohort; make one"),
    "a design for a fit": (lambda c, t: bc.fit(c), "a fit needs a Design, not Cohort; make one with prepare"),
    "a model": (lambda c, t: bc.load_model(None), "a model is a name .*, a TOML file or a ModelSpec, not NoneType"),
    "a path": (lambda c, t: bc.save_fit(None, None), "a fit is saved to a path"),
    "a site": (lambda c, t: bc.prepare(c, site=3), "site=3 must be the name of a column"),
    "a number of draws": (lambda c, t: bc.plot_counts(fake_fit(draws=10), draws=0), "draws=0 must be a whole number"),
    "a budget": (lambda c, t: bc.fit(bc.prepare(c), draws=200, max_draws=60), "max_draws=60 is less than the draws=200 a chain"),
    "a budget of nuts": (
        lambda c, t: bc.fit(bc.prepare(c), "separate", engine="nuts", min_ess=4000),
        "engine='nuts' draws exactly draws= a chain",
    ),
    "an option of fit": (lambda c, t: bc.plan(20, settings={"drawz": 100}), "settings has 'drawz', .* did you mean 'draws'"),
    "what the question fits": (
        lambda c, t: bc.differentiate(bc.prepare(c), ("MS", "NMOSD"), settings={"model": "pooled"}),
        "settings has 'model', which is none of fit's",
    ),
    "options of refits": (lambda c, t: bc.sensitivity(fake_fit(draws=100), settings={"foo": 1}), "settings has 'foo'"),
    "draws to average": (lambda c, t: bc.differentiate(bc.prepare(c), ("MS", "NMOSD"), draws=0), "draws=0 must be a whole number"),
    "groups": (lambda c, t: bc.predict(fake_fit(draws=100), c, between=0), "between=0 must be the names of groups, such as"),
    "a group's name": (lambda c, t: bc.differentiate(bc.prepare(c), "MS"), "between='MS' must be the names of groups, such as"),
    "thresholds": (lambda c, t: bc.sensitivity(fake_fit(draws=100), thresholds=None), "thresholds=None must be a number in"),
    "options": (lambda c, t: bc.compare_models({}, settings=[1]), "must be a dict of arguments of fit"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_of_the_wrong_type_gets_a_sentence(cohort, table, what):
    call, sentence = WRONG[what]
    with pytest.raises(BayescovError, match=sentence):
        call(cohort, table)


def test_one_threshold_is_a_list_of_one():
    fit = fake_fit(draws=100)
    found = bc.sensitivity(fit, thresholds=0.2, margins=0.05)
    assert list(found["kind"].values[:2]) != ["person", "person"]
    assert (found["kind"] == "definition").sum() == 2


def test_rooms_need_no_import_of_their_own():
    """In a fresh process, where nothing else has imported them."""
    asked = (
        "bayescov.errors.FitError, bayescov.graphs.measure, bayescov.classical.nbs, bayescov.simulate.truth"
    )
    code = f"import bayescov; assert {{'graphs', 'simulate'}} <= set(dir(bayescov)); {asked}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_on_the_report_says_how_to_write_one():
    assert "classical : xarray.Dataset" in bc.report.__doc__

"""The decision rule on plain arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescov.posterior.structures import agreed
from bayescov.posterior.verdicts import expected_fdr_list, verdicts
from tests.posterior.literal import fdr_list

probabilities = st.lists(st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]), max_size=12)


@given(probabilities, st.floats(0.0, 0.9), st.just(0.0) | st.floats(0.0, 1.5))
def test_list_equals_the_exhaustive_search(p, fdr, wrong):
    assert set(np.flatnonzero(expected_fdr_list(p, fdr, wrong=wrong))) == set(fdr_list(p, fdr, wrong))


@given(probabilities, st.floats(0.0, 0.9), st.just(0.0) | st.floats(0.0, 1.5))
def test_expected_share_or_number_of_wrong_ones_is_held(p, fdr, wrong):
    doubts = 1 - np.array(p)[expected_fdr_list(p, fdr, wrong=wrong)]
    if doubts.size:
        assert doubts.mean() <= fdr + 1e-9 or doubts.sum() <= wrong + 1e-9


@given(probabilities, st.floats(0.0, 0.9), st.randoms())
def test_order_of_the_statements_does_not_matter(p, fdr, random):
    order = list(range(len(p)))
    random.shuffle(order)
    np.testing.assert_array_equal(
        expected_fdr_list(p, fdr)[order], expected_fdr_list(np.array(p)[order], fdr)
    )


@given(probabilities, st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.floats(0.0, 0.4), st.booleans())
def test_calls_are_monotone_in_fdr_and_in_the_doubt_of_a_structure(p, weight, fdr, more, several):
    p = np.array([p, np.zeros(len(p))])

    def called(weight, fdr):
        cases, weights = {"doubting": 0.9 * p}, {"doubting": weight}
        stated = (1 - 0.1 * weight) * p  # the average
        sure = agreed(p, cases, weights)
        unchanged = np.zeros(p.shape[1])
        return verdicts(("added", "missing"), stated, unchanged, fdr, agreed=sure, several=several) == "added"

    assert not (called(weight, fdr) & ~called(weight, fdr + more)).any()
    assert not (called(weight, fdr) & ~called(weight / 2, fdr)).any()
    doubts = 1 - p[0][called(0.0, fdr)]
    if doubts.size:
        assert doubts.mean() <= fdr + 1e-9 or (several and doubts.sum() <= 3 * fdr + 1e-9)


def test_nan_is_never_called():
    assert expected_fdr_list([np.nan, 1.0], 0.5).tolist() == [False, True]
    assert expected_fdr_list([np.nan, np.nan], 0.9).tolist() == [False, False]


def test_known_list():
    # 1 - p = .01, .05, .09, .2: means .01, .03, .05, .0875
    assert expected_fdr_list([0.91, 0.99, 0.8, 0.95], 0.05).tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("weight", "verdict"), [(0.0, "added"), (0.05, "added"), (0.5, "undecided"), (1.0, "undecided")]
)
@pytest.mark.parametrize("several", [False, True])
def test_a_structure_withholds_a_call_by_its_weight(weight, verdict, several):
    p = np.array([[0.97]])
    cases, weights = {"sparse": np.array([[0.6]])}, {"sparse": weight}
    stated = np.array([[0.97 - weight * 0.37]])  # the average
    sure = agreed(p, cases, weights)
    found = verdicts(("added",), stated, np.zeros(1), 0.05, agreed=sure, several=several)
    assert found.tolist() == [verdict]


@pytest.mark.parametrize(("weight", "verdict"), [(0.3, "added"), (0.35, "undecided")])
def test_of_a_single_change_several_structures_may_doubt_three_times_the_share(weight, verdict):
    p = np.array([[0.97]])
    sure = agreed(p, {"sparse": np.array([[0.6]])}, {"sparse": weight})
    assert verdicts(("added",), sure, np.zeros(1), 0.05, agreed=sure, several=True).tolist() == [verdict]
    assert verdicts(("added",), sure, np.zeros(1), 0.05, agreed=sure).tolist() == ["undecided"]


def test_a_structure_that_is_sure_does_not_call_what_the_fit_doubts():
    p, cases, weights = np.array([[0.84]]), {"pooled": np.array([[1.0]])}, {"pooled": 0.9}
    stated = np.array([[0.1 * 0.84 + 0.9 * 1.0]])
    assert verdicts(("added",), stated, np.zeros(1), 0.05).tolist() == ["added"]
    found = verdicts(("added",), stated, np.zeros(1), 0.05, agreed=agreed(p, cases, weights))
    assert found.tolist() == ["undecided"]


def test_more_certain_changes_carry_no_very_uncertain_one():
    p = np.array([[0.999, 0.999, 0.999, 0.92, 0.84]])
    assert verdicts(("added",), p, np.zeros(5), 0.05).tolist() == ["added"] * 5
    assert verdicts(("added",), p, np.zeros(5), 0.05, agreed=p).tolist() == ["added"] * 4 + ["undecided"]
    assert verdicts(("added",), p[:, 3:], np.zeros(2), 0.05, agreed=p[:, 3:]).tolist() == ["undecided"] * 2


@pytest.mark.parametrize(
    ("p", "called"),
    [([0.86], 1), ([0.84], 0), ([0.93, 0.92], 2), ([0.92, 0.92], 0), ([0.93, 0.91], 1), ([0.95] * 3, 3)],
)
def test_one_or_two_changes_that_most_probably_are_all_right_are_called(p, called):
    p = np.array([p])
    found = verdicts(("added",), p, np.zeros(p.size), 0.05, agreed=p, several=True).tolist()
    assert found == ["added"] * called + ["undecided"] * (p.size - called)
    strictly = verdicts(("added",), p, np.zeros(p.size), 0.05, agreed=p).tolist()
    assert (strictly == found) == (called in (0, 3))


def test_what_is_called_unchanged_keeps_to_the_share():
    high = np.array([0.9])
    found = verdicts(("added",), np.zeros((1, 1)), high, 0.05, agreed=np.zeros((1, 1)), several=True)
    assert found.tolist() == ["undecided"]


def test_change_goes_before_unchanged():
    p, changes = np.array([[0.6], [0.3]]), ("added", "missing")
    assert verdicts(changes, p, np.array([0.6]), 0.5).tolist() == ["added"]
    assert verdicts(changes, p, np.array([0.6]), 0.3).tolist() == ["undecided"]
    assert verdicts(changes, p, np.array([0.9]), 0.3).tolist() == ["unchanged"]
    assert verdicts(changes, p, np.array([0.9]), 0.3, unchanged_low=np.array([0.2])).tolist() == ["undecided"]


def test_no_statements():
    assert expected_fdr_list([], 0.05).shape == (0,)
    with pytest.raises(ValueError, match="argmax"):
        verdicts((), np.empty((0, 3)), np.empty(3), 0.1)

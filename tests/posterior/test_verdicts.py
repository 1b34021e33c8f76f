"""The decision rule on plain arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescov.posterior.verdicts import call, expected_fdr_list, verdicts
from tests.posterior.literal import fdr_list

probabilities = st.lists(st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]), max_size=12)


@given(probabilities, st.floats(0.0, 0.9))
def test_list_equals_the_exhaustive_search(p, fdr):
    assert set(np.flatnonzero(expected_fdr_list(p, fdr))) == set(fdr_list(p, fdr))


@given(probabilities, st.floats(0.0, 0.9))
def test_expected_share_of_wrong_ones_is_held(p, fdr):
    chosen = expected_fdr_list(p, fdr)
    if chosen.any():
        assert (1 - np.array(p)[chosen]).mean() <= fdr + 1e-9


@given(probabilities, st.floats(0.0, 0.9), st.randoms())
def test_order_of_the_statements_does_not_matter(p, fdr, random):
    order = list(range(len(p)))
    random.shuffle(order)
    np.testing.assert_array_equal(
        expected_fdr_list(p, fdr)[order], expected_fdr_list(np.array(p)[order], fdr)
    )


@given(probabilities, st.floats(0.0, 0.5), st.floats(0.0, 0.4))
def test_calls_are_monotone_in_fdr_and_in_the_low_end(p, fdr, more):
    p = np.array(p)
    low = p * 0.9
    assert not (call(p, low, fdr) & ~call(p, low, fdr + more)).any()
    assert not (call(p, low, fdr) & ~call(p, p, fdr)).any()


def test_nan_is_never_called():
    assert expected_fdr_list([np.nan, 1.0], 0.5).tolist() == [False, True]
    assert expected_fdr_list([np.nan, np.nan], 0.9).tolist() == [False, False]


def test_known_list():
    # 1 - p = .01, .05, .09, .2: means .01, .03, .05, .0875
    assert expected_fdr_list([0.91, 0.99, 0.8, 0.95], 0.05).tolist() == [True, True, False, True]


def test_a_low_end_withholds_a_call():
    assert call([0.97], [0.97], 0.05).all()
    assert not call([0.97], [0.5], 0.05).any()


def test_change_goes_before_unchanged():
    p = np.array([[0.6], [0.3]])
    assert verdicts(("added", "missing"), p, p, np.array([0.6]), np.array([0.6]), 0.5).tolist() == ["added"]
    assert verdicts(("added", "missing"), p, p, np.array([0.6]), np.array([0.6]), 0.3).tolist() == [
        "undecided"
    ]
    assert verdicts(("added", "missing"), p, p, np.array([0.9]), np.array([0.9]), 0.3).tolist() == [
        "unchanged"
    ]


def test_no_statements():
    assert expected_fdr_list([], 0.05).shape == (0,)
    with pytest.raises(ValueError, match="argmax"):
        verdicts((), np.empty((0, 3)), np.empty((0, 3)), np.empty(3), np.empty(3), 0.1)

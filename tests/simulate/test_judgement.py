"""How runs over many simulated data sets are judged."""

import numpy as np
import pandas as pd
import pytest

from bayescov.errors import AnswerError
from bayescov.simulate.calibrate import calibrate
from bayescov.simulate.judgement import judge, most_right, wrong_share


@pytest.mark.parametrize(("realised", "expected"), [(0.0, 2), (0.25, 3), (0.4, 5), (1.0, 5)])
def test_most_right_is_the_longest_list_that_is_no_more_wrong(realised, expected):
    """Right, right, wrong, right, one of each at one q, right, wrong, wrong, wrong: counted by hand."""
    q = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.05, 0.06, 0.07, 0.08, 0.09])
    right = np.array([1, 1, 0, 1, 1, 0, 1, 0, 0, 0], dtype=bool)
    shuffled, one = np.random.default_rng(1).permutation(len(q)), np.zeros(len(q), dtype=int)
    assert most_right(q, right, one, realised) == expected
    assert most_right(q[shuffled], right[shuffled], one, realised) == expected
    assert most_right(q, ~right, one, 0.0) == 0


def test_lists_count_alike_however_long_they_are():
    """Nine right ones and one wrong in one list, one wrong in another, nothing in a third: a third of (.1 + 1)."""
    called = np.array([True] * 11 + [False] * 3)
    right = np.array([True] * 9 + [False] * 5)
    lists = np.array([0] * 10 + [1] + [2] * 3)
    assert wrong_share(called, right, lists) == pytest.approx((0.1 + 1.0 + 0.0) / 3)
    assert wrong_share(~called, right, lists) == pytest.approx(1.0 / 3)


def test_most_right_of_several_lists_is_that_of_every_cut_tried():
    """Random statements of six lists, one of which never says anything wrong; equal q among them."""
    rng = np.random.default_rng(5)
    lists = rng.integers(0, 6, 300)
    q = rng.integers(1, 120, 300) / 120
    right = (rng.random(300) > q) | (lists == 3)
    for allowed in (0.0, 0.05, 0.1, 0.2, 0.4, 1.0):
        cuts = [q <= cut for cut in np.unique(q)]
        held = [right[cut].sum() for cut in cuts if wrong_share(cut, right, lists) <= allowed]
        assert most_right(q, right, lists, allowed) == max(held, default=0)


def test_runs_of_an_earlier_version_are_refused_with_a_sentence():
    with pytest.raises(AnswerError, match="of an earlier version: calibrate again"):
        judge(pd.DataFrame({"model": ["adaptive"], "truth": ["null"], "added": [False]}))


def test_one_model_that_answered_twice_is_refused_with_a_sentence():
    settings = {"sizes": (12, 11, 0), "datasets": 1, "p": 4, "draws": 50, "jobs": 1}
    one, two = (calibrate("null", models="separate", seed=seed, **settings) for seed in (1, 2))
    with pytest.raises(AnswerError, match="the same data twice under one model's name"):
        judge(pd.concat([one, one], ignore_index=True))
    other = pd.concat([one, one.assign(model="other"), two.assign(dataset=1)], ignore_index=True)
    assert judge(other)["datasets"].tolist() == [2, 1]


def test_judge_counts_calls_of_both_lists():
    """Four connections of one group: two truly added, of which one is named; Fisher's z sees the other and a false one."""
    runs = pd.DataFrame(
        {
            "truth": "toy", "dataset": 0, "model": "adaptive", "population": "MS",
            "p_added": [0.99, 0.4, 0.1, 0.0], "p_missing": 0.0, "added": [True, True, False, False], "missing": False, "reversed": False,
            "gain": [0.4, 0.3, 0.0, 0.0], "evidence": [3.0, 1.0, 0.5, 0.0], "fisher_z": [1.0, 5.0, 4.0, 0.1],
            "difference": [0.4, 0.3, 0.0, 0.0], "estimate": [0.3, 0.2, 0.1, 0.0], "low": -0.05, "high": [0.6, 0.4, 0.2, 0.1],
            "verdict": ["added", "undecided", "undecided", "unchanged"],
        }
    )  # fmt: skip
    row = judge(runs).iloc[0]
    assert (row["called"], row["called_true"], row["realised_fdr"]) == (1, 1, 0.0)
    assert (row["bh_called"], row["bh_true"], row["bh_equal"]) == (2, 1, 1)
    assert (row["wrong_calls"], row["bh_equal_calls"]) == (0.0, 1)
    assert (row["auc_evidence"], row["coverage"]) == (1.0, 1.0)
    assert row["auc_fisher_z"] < 1.0
    assert (row["unchanged"], row["unchanged_true"], row["unchanged_fdr"]) == (1, 1, 0.0)
    worse = judge(runs.assign(verdict="unchanged", reversed=[False, False, True, False])).iloc[0]
    assert (worse["unchanged"], worse["unchanged_true"], worse["unchanged_fdr"]) == (4, 1, 0.75)
    assert row["rmse"] == pytest.approx(np.sqrt((0.1**2 + 0.1**2 + 0.1**2) / 4))

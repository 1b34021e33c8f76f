"""Truths and cohorts to judge a method against: the packaged study and the named truths."""

from bayescov.simulate.calibrate import calibrate
from bayescov.simulate.distribution import Truth, simulate_cohort
from bayescov.simulate.judgement import judge
from bayescov.simulate.plan import plan
from bayescov.simulate.recovery import best_possible_auc, recovery, true_changes
from bayescov.simulate.study import simulate_study, study_truth
from bayescov.simulate.truths import truth, truth_names

__all__ = [
    "Truth",
    "best_possible_auc",
    "calibrate",
    "judge",
    "plan",
    "recovery",
    "simulate_cohort",
    "simulate_study",
    "study_truth",
    "true_changes",
    "truth",
    "truth_names",
]

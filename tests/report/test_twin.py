"""The posterior beside its twin: merged by label, and each way of parting explained."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.errors import AnswerError
from bayescov.report.twin import beside_twin
from bayescov.sampling.tree import design_of

from .fake import fake_fit


@pytest.fixture(scope="module")
def answers():
    fit = fake_fit()
    return bc.connections(fit), bc.fisher_z(design_of(fit))


def arranged(answers, *, verdict, q_value, p_value, observed, difference, p_added=0.97):
    """The first connection of the first group as wanted, all others undecided and not significant."""
    edges, twin = (a.copy(deep=True) for a in answers)
    edges["verdict"][:] = "undecided"
    twin["q_value"][:], twin["p_value"][:] = 0.9, 0.5
    edges["verdict"][0, 0], twin["q_value"][0, 0], twin["p_value"][0, 0] = verdict, q_value, p_value
    twin["control_correlation"][0, 0], twin["correlation"][0, 0] = 0.0, observed
    edges["difference"][0, 0], edges["p_added"][0, 0] = difference, p_added
    edges["p_missing"][0, 0] = edges["p_reversed"][0, 0] = 0.0
    return beside_twin(edges, twin)[0]


@pytest.mark.parametrize(
    ("case", "called_by", "why"),
    [
        (
            {"verdict": "added", "q_value": 0.01, "p_value": 0.0001, "observed": 0.6, "difference": 0.5},
            "both",
            "",
        ),
        (
            {"verdict": "added", "q_value": 0.3, "p_value": 0.01, "observed": 0.5, "difference": 0.5},
            "posterior",
            "multiplicity",
        ),
        (
            {"verdict": "added", "q_value": 0.9, "p_value": 0.2, "observed": 0.3, "difference": 0.4},
            "posterior",
            "pooling",
        ),
        (
            {"verdict": "undecided", "q_value": 0.01, "p_value": 0.001, "observed": 0.6, "difference": 0.1},
            "test",
            "shrunk",
        ),
        (
            {
                "verdict": "unchanged",
                "q_value": 0.01,
                "p_value": 0.001,
                "observed": 0.2,
                "difference": 0.2,
                "p_added": 0.1,
            },
            "test",
            "another question",
        ),
        (
            {
                "verdict": "undecided",
                "q_value": 0.04,
                "p_value": 0.001,
                "observed": 0.5,
                "difference": 0.5,
                "p_added": 0.8,
            },
            "test",
            "not sure enough",
        ),
    ],
)
def test_each_way_of_parting(answers, case, called_by, why):
    row = arranged(answers, **case).rows[0]
    assert row.called_by == called_by
    assert row.why.startswith(why)
    assert bool(row.why) == bool(why)


def test_nothing_called_by_either_shows_the_smallest_p(answers):
    edges, twin = (a.copy(deep=True) for a in answers)
    edges["verdict"][:] = "undecided"
    twin["q_value"][:] = 0.9
    twin["p_value"][0, 7] = 1e-6
    group = beside_twin(edges, twin)[0]
    assert group.summary.startswith("MS: neither the posterior nor the")
    assert group.rows[0].connection == f"{edges['region_a'].values[7]} – {edges['region_b'].values[7]}"
    assert len(group.rows) == 5


def test_merged_by_label_whatever_the_order(answers):
    edges, twin = answers
    turned = twin.isel(edge=np.arange(90, -1, -1), population=[1, 0])
    assert beside_twin(edges, turned) == beside_twin(edges, twin)


def test_a_twin_of_another_design_is_refused(answers):
    edges, _ = answers
    other = bc.fisher_z(design_of(fake_fit(regions=list("abcdef"))))
    with pytest.raises(AnswerError, match="another design"):
        beside_twin(edges, other)
    with pytest.raises(AnswerError, match="permutation_test"):
        beside_twin(edges, edges)

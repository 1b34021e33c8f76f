"""What was recovered: the truth by the published definitions, and sentences that count right and wrong calls."""

import numpy as np
import pytest
import xarray as xr

from bayescov.design import from_edges
from bayescov.simulate import recovery, simulate_study, study_truth, true_changes

TRUTH = study_truth()
RULES = {"threshold": 0.3, "margin": 0.1, "kind": "correlation"}


def answers(verdicts):
    """Connections with the given verdicts (population, edge) and made-up numbers."""
    patients = TRUTH["population"].values[1:]
    counts = {
        f"n_{k}{end}": ("population", [5.0 + i, 6.0 + i])
        for k in ("added", "missing")
        for i, end in enumerate(("", "_low", "_high"))
    }
    return xr.Dataset(
        {
            "verdict": (("population", "edge"), verdicts),
            "p_more_added_than_missing": ("population", [0.9, 0.125]),
            "p_more_missing_than_added": ("population", [0.05, 0.75]),
            **counts,
        },
        {"population": patients, "edge": TRUTH["edge"].values},
        RULES,
    )


def volume_answers(verdicts):
    return xr.Dataset(
        {"verdict": (("population", "region"), verdicts)},
        {"population": TRUTH["population"].values[1:], "region": TRUTH["region"].values},
    )


def test_the_truth_follows_the_definitions_edge_by_edge():
    changes = true_changes(TRUTH)
    assert changes.dims == ("population", "edge")
    rho = TRUTH["correlation"].to_pandas()
    for group in ("MS", "NMOSD"):
        for edge in TRUTH["edge"].values:
            before, after = rho.loc["HC", edge], rho.loc[group, edge]
            if abs(before) > 0.3 and abs(after) > 0.3 and before * after < 0:
                expected = "reversed"
            elif abs(after) > 0.3 and abs(after) - abs(before) > 0.1:
                expected = "added"
            elif abs(before) > 0.3 and abs(before) - abs(after) > 0.1:
                expected = "missing"
            else:
                expected = "unchanged"
            assert changes.sel(population=group, edge=edge).item() == expected


def test_reversed_and_partial_connections_are_known_too():
    flipped = TRUTH.copy(deep=True)
    strong = int(np.argmax(flipped["correlation"].values[0]))
    flipped["correlation"][1, strong] *= -1
    assert true_changes(flipped).values[0, strong] == "reversed"
    partial = true_changes(TRUTH, kind="partial", threshold=0.2)
    precision = np.linalg.inv(from_edges(TRUTH["correlation"].values))
    rows, columns = np.triu_indices(15, 1)
    scale = np.sqrt(precision[:, rows, rows] * precision[:, columns, columns])
    rho = np.abs(precision[:, rows, columns] / scale)
    added = (rho[2] > 0.2) & (rho[2] - rho[0] > 0.1) & (partial.values[1] != "reversed")
    np.testing.assert_array_equal(partial.values[1] == "added", added)
    assert 0 < added.sum() < 105


def test_perfect_and_useless_answers_are_told_apart():
    truth = true_changes(TRUTH).values
    smaller = np.where(TRUTH["difference_percent"].values[1:] < 0, "smaller", "unchanged").astype(object)
    perfect = recovery(TRUTH, answers(truth), volume_answers(smaller))
    assert perfect[0] == "MS, volumes: of 15 regions truly smaller, 15 called smaller."
    assert "of 20 truly added, 20 named, 0 left undecided" in perfect[1]
    assert "0 of the 22 named are wrong" in perfect[1]
    assert perfect[2] == (
        "MS, numbers: 5 (6 to 7) added, truly 20; 5 (6 to 7) missing, truly 2; probability of more added than missing 0.90, of more "
        "missing 0.05."
    )
    assert "of 15 that do not differ, 0 called smaller or larger" in perfect[3]
    assert "of 16 truly missing, 16 named" in perfect[4]

    wrong = np.where(truth == "missing", "unchanged", "added").astype(object)
    useless = recovery(TRUTH, answers(wrong), volume_answers(np.full((2, 15), "larger", object)))
    assert useless[0] == "MS, volumes: of 15 regions truly smaller, 0 called smaller."
    assert "of 2 truly missing, 0 named, 0 left undecided, 2 called otherwise" in useless[1]
    assert "83 of the 103 named are wrong" in useless[1]
    assert "15 called smaller or larger" in useless[3]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_truth_of_a_cohort_is_that_of_the_study(seed):
    xr.testing.assert_equal(true_changes(simulate_study(seed=seed).truth), true_changes(TRUTH))

"""The draws a page carries, and Python's twin of what the page computes from them."""

import base64
import re

import numpy as np
import pytest

import bayescov as bc
from bayescov.report.live import STEPS, embed, how_far, recount

from .fake import fake_fit


@pytest.fixture(scope="module")
def fit():
    return fake_fit(sizes={"HC": 80, "MS": 80, "NMOSD": 70}, structures=True)


def test_rounding_is_to_a_ten_thousandth(fit):
    live = embed(fit)
    exact = fit["posterior"]["correlation"].values.reshape(-1, 3, 91)
    assert live.draws.dtype == np.int16
    assert len(live.draws) == live.of == 2000
    assert np.abs(live.structures["fit"] / STEPS - exact).max() <= 0.5 / STEPS + 1e-12
    third = live.draws[:667]  # three structures of equal shares, one after the other
    assert np.abs(third / STEPS - exact[np.arange(667) * 2000 // 667]).max() <= 0.5 / STEPS + 1e-12


def test_all_answers_are_those_of_connections_but_for_the_rounding(fit):
    live, edges = embed(fit), bc.connections(fit)
    for g, group in enumerate(edges["population"].values, 1):
        twin, row = recount(live, g, threshold=0.3, margin=0.1), edges.sel(population=group)
        for kind in ("added", "missing", "reversed", "unchanged"):
            # a draw changes sides only if it lies within the rounding: about 1 in 10,000 do; all three structures may hold it
            np.testing.assert_allclose(twin.edges[f"p_{kind}"], row[f"p_{kind}"], atol=3 * 0.002)
        for name in ("control_mean", "mean", "difference", "difference_low", "difference_high"):
            np.testing.assert_allclose(twin.edges[name], row[name], atol=2 / STEPS)
        for name, value in twin.counts.items():
            assert value == pytest.approx(
                float(row[name]), abs=1.0 if name.endswith(("low", "high")) else 0.02
            )
        assert np.mean(twin.verdict == row["verdict"].values) >= 0.98


def test_the_range_over_structures_reaches_the_verdicts(fit):
    alone = fit.copy()
    for name in ("structure_pooled", "structure_sparse"):
        del alone[name]
    with_range = recount(embed(fit), 1, threshold=0.3, margin=0.1)
    without = recount(embed(alone), 1, threshold=0.3, margin=0.1)
    changed = ["added", "missing", "reversed"]
    assert 0 < np.isin(with_range.verdict, changed).sum() < np.isin(without.verdict, changed).sum()
    assert (with_range.edges["p_added_low"] <= with_range.edges["p_added"]).all()


def test_a_large_study_is_thinned_to_fit(fit):
    live = embed(fit, most_bytes=400_000)
    carried = live.draws.nbytes + sum(case.nbytes for case in live.structures.values())
    assert 0.98 * 400_000 < carried <= 400_000
    lengths = {name: len(draws) for name, draws in live.structures.items()}
    n = len(live.draws)
    assert lengths == {"fit": n, "pooled": n // 2, "sparse": n // 2}


def test_text_holds_every_number_edge_by_edge(fit):
    live = embed(fit, most_bytes=50_000)
    numbers = np.frombuffer(base64.b64decode(live.as_text()), dtype="<i2")
    n = len(live.draws)
    np.testing.assert_array_equal(numbers[:n], live.draws[:, 0, 0])
    np.testing.assert_array_equal(numbers[n : 2 * n], live.draws[:, 0, 1])
    np.testing.assert_array_equal(numbers[-(n // 2) :], live.structures["sparse"][:, 2, 90])


def test_how_far_figures_move_is_said_and_kept(fit):
    """Thinned to few draws, every figure is within what is said, of 2 groups and 4 kinds; without thinning, the last digit."""
    edges, live = bc.connections(fit), embed(fit, most_bytes=150_000)
    said = how_far(live, edges)
    found = re.search(
        r"up to ([\d.]+), a mean number of connections by ([\d.]+) and an end of its interval by (\d+);", said
    )
    probability, mean, end = map(float, found.groups())
    assert probability == pytest.approx(0.98 * np.sqrt(1 / len(live.draws) - 1 / live.of), abs=0.005)
    others = 0
    for g, group in enumerate(edges["population"].values, 1):
        twin, row = recount(live, g, threshold=0.3, margin=0.1), edges.sel(population=group)
        others += int((twin.verdict != row["verdict"].values).sum())
        off = [np.abs(twin.edges[f"p_{k}"] - row[f"p_{k}"].values) for k in ("added", "missing", "reversed")]
        assert np.mean(np.array(off) <= probability + 0.005) > 0.9
        for kind in ("added", "missing"):
            assert abs(twin.counts[f"n_{kind}"] - float(row[f"n_{kind}"])) <= 1.5 * mean + 0.1
            for side in ("low", "high"):
                name = f"n_{kind}_{side}"
                assert abs(twin.counts[name] - float(row[name])) <= 1.5 * end + 0.5
    assert others > 0
    assert f"{others} of 182 verdicts" in said
    assert "Figures can differ in the last digit" in how_far(embed(fit), edges)

"""The compiled loops equal their numpy versions, and the exchange gives back the observed groups."""

import numpy as np
import pytest

from bayescov.classical.correlation import pearson
from bayescov.classical.exchange import BLOCK, Pair, blocks, make_pairs, members, symmetric
from bayescov.classical.kernels import ranks_within, tally, tanh_difference
from bayescov.classical.residuals import residuals
from bayescov.design import to_edges
from tests.classical import literal
from tests.classical.designs import design, draw, factor_correlation


def pair(sizes=(13, 9), p=5, kind="correlation", seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    groups = draw(rng, sizes, factor_correlation(p))
    for y in groups:
        y[rng.random(y.shape) < missing] = np.nan
    return make_pairs(design(groups), kind)[0][0]


def identity(made):
    """The labels as they are: patients in the smaller group, or controls where they are fewer."""
    m = len(made.values)
    people = np.arange(made.n_control, m) if made.n_patients <= made.n_control else np.arange(made.n_control)
    return people[None]


@pytest.mark.parametrize("kind", ["correlation", "partial", "spearman"])
@pytest.mark.parametrize("sizes", [(13, 9), (9, 13), (10, 10)])
def test_the_observed_labels_give_the_observed_correlations(kind, sizes):
    made = pair(sizes, kind=kind)
    (_, patients, controls), *_ = made.correlations(identity(made))
    np.testing.assert_allclose(to_edges(patients[0]), to_edges(made.observed[0]), atol=1e-12)
    np.testing.assert_allclose(to_edges(controls[0]), to_edges(made.observed[1]), atol=1e-12)
    (_, statistic), *_ = made.statistics(identity(made))
    np.testing.assert_allclose(np.abs(to_edges(statistic[0])), to_edges(made.limit(made.score)), atol=1e-10)


def test_missing_volumes_too():
    made = pair((20, 18), missing=0.1)
    (_, statistic), *_ = made.statistics(identity(made))
    np.testing.assert_allclose(to_edges(statistic[0]), to_edges(made.score), atol=1e-10)


@pytest.mark.parametrize("kind", ["correlation", "partial", "spearman"])
def test_permuted_correlations_are_those_of_the_people_chosen(kind):
    made = pair((13, 11), kind=kind)
    chosen = members(made, 20, seed=1, position=0, block=0)
    for where, patients, controls in made.correlations(chosen):
        for row, one, two in zip(chosen[where], symmetric(patients), symmetric(controls), strict=True):
            inside = np.isin(np.arange(len(made.values)), row)
            for a, b in literal.edges(5):
                expected = [literal.correlation(made.values[m], a, b, kind)[0] for m in (inside, ~inside)]
                np.testing.assert_allclose([one[a, b], two[a, b]], expected, atol=1e-10)


def test_a_region_that_an_exchange_makes_constant_has_correlation_zero():
    values = np.zeros((12, 3))
    values[:, 0] = np.linspace(-1, 1, 12)
    values[:, 1] = np.cos(np.arange(12))
    values[3, 2] = 1.0  # one person only differs from all others in this region
    values -= values.mean(axis=0)
    made = Pair(values, 6, "correlation")
    with_person, without = np.array([[3, 1, 2, 7, 8, 9], [0, 1, 2, 7, 8, 9]])
    results = [(a.copy(), b.copy()) for _, a, b in made.correlations(np.array([with_person, without]))]
    (smaller, larger), *_ = results
    assert smaller[0, 0, 2] != 0
    assert larger[0, 0, 2] == larger[0, 1, 2] == 0
    assert smaller[1, 0, 2] == smaller[1, 1, 2] == 0
    assert larger[1, 0, 1] == pytest.approx(pearson(values[[3, 4, 5, 6, 10, 11]])[0][0, 1])


def test_tally_counts():
    rng = np.random.default_rng(0)
    statistic, limit = rng.normal(size=(50, 6, 6)), rng.random((6, 6)) * 2
    exceed = np.zeros((6, 6), dtype=np.int64)
    top, total = np.empty(50), np.empty(50)
    tally(statistic, limit, exceed, top, total)
    tally(statistic, limit, exceed, top, total)
    upper = to_edges(np.abs(statistic))
    np.testing.assert_array_equal(to_edges(exceed), 2 * (upper >= to_edges(limit)).sum(axis=0))
    assert exceed[np.tril_indices(6)].sum() == 0
    np.testing.assert_array_equal(top, upper.max(axis=1))
    np.testing.assert_allclose(total, (upper**2).sum(axis=1))


def test_tanh_of_the_difference():
    rng = np.random.default_rng(1)
    one, two = rng.uniform(-0.99, 0.99, size=(2, 7, 4, 4))
    result = np.zeros_like(one)
    tanh_difference(one, two, result)
    np.testing.assert_allclose(
        to_edges(result), to_edges(np.tanh(np.arctanh(one) - np.arctanh(two))), rtol=1e-9
    )


def test_ranks_share_their_mean_where_values_are_tied():
    from scipy.stats import rankdata

    rng = np.random.default_rng(2)
    values = rng.integers(0, 6, size=(20, 3)).astype(float)
    order = np.argsort(values, axis=0, kind="stable").T.copy()
    start = np.ones(order.shape, dtype=bool)
    ordered = np.take_along_axis(values.T, order, axis=1)
    start[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    inside = rng.permutation(20) < 8
    result = np.empty_like(values)
    ranks_within(order, start, inside, result)
    for mask in (inside, ~inside):
        np.testing.assert_array_equal(result[mask], rankdata(values[mask], axis=0))


def test_labels_are_drawn_evenly_and_without_replacement():
    made = pair((7, 5))
    chosen = members(made, 5000, seed=0, position=0, block=0)
    assert chosen.shape == (5000, 5)
    assert all(len(set(row)) == 5 for row in chosen[:100])
    counts = np.bincount(chosen.ravel(), minlength=12)
    expected = 5000 * 5 / 12
    deviation = (counts - expected) / np.sqrt(5000 * (5 / 12) * (7 / 12))
    assert np.abs(deviation).max() < 4.5  # twelve normal deviates: one in 10,000 tests


def test_labels_of_different_blocks_and_groups_differ_and_equal_ones_agree():
    made = pair((7, 5))
    draws = {
        (position, block): members(made, 50, seed=0, position=position, block=block).tobytes()
        for position in (0, 1)
        for block in (0, 1)
    }
    assert len(set(draws.values())) == 4
    assert members(made, 50, seed=0, position=1, block=1).tobytes() == draws[1, 1]


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, BLOCK + 1, 10_000])
def test_blocks_add_up(n):
    made = blocks(n)
    assert sum(count for _, count in made) == n
    assert [number for number, _ in made] == list(range(len(made)))
    assert all(0 < count <= BLOCK for _, count in made)


def test_residuals_of_a_pair_are_the_controls_then_the_patients():
    rng = np.random.default_rng(5)
    prepared = design(draw(rng, (8, 9, 7), factor_correlation(3)))
    pairs, left = make_pairs(prepared, "correlation")
    np.testing.assert_array_equal(left.values, residuals(prepared).values)
    np.testing.assert_array_equal(pairs[1].values, np.vstack([left.of(0), left.of(2)]))
    assert (pairs[1].n_control, pairs[1].n_patients) == (8, 7)

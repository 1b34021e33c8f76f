"""Graph measures: equal to networkx and the Brain Connectivity Toolbox on fixed matrices, and theorems."""

import warnings

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescov.errors import AnswerError
from bayescov.graphs import GLOBAL_MEASURES, REGIONAL_MEASURES, binary, measure, weighted

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import bct


def sample_correlation(seed, p, people=12):
    rng = np.random.default_rng(seed)
    return np.corrcoef(rng.normal(size=(people, p)) + rng.normal(size=(people, 1)), rowvar=False)


CASES = [
    (seed, p, threshold) for seed, p in [(0, 6), (1, 9), (2, 15), (3, 22)] for threshold in (0.2, 0.45, 0.7)
]


@pytest.fixture(params=CASES, ids=lambda c: f"seed{c[0]}-p{c[1]}-t{c[2]}")
def case(request):
    seed, p, threshold = request.param
    correlation = sample_correlation(seed, p)
    weights = np.abs(correlation)
    np.fill_diagonal(weights, 0.0)
    return correlation, weights, weights > threshold, threshold


def test_thresholded_measures_equal_networkx(case):
    correlation, _, links, threshold = case
    graph = nx.from_numpy_array(links.astype(int))
    found = measure(correlation.copy(), threshold=threshold)
    assert found.whole["density"] == pytest.approx(nx.density(graph))
    assert found.whole["clustering"] == pytest.approx(nx.average_clustering(graph))
    assert found.whole["efficiency"] == pytest.approx(nx.global_efficiency(graph))
    assert found.whole["local_efficiency"] == pytest.approx(nx.local_efficiency(graph))
    np.testing.assert_array_equal(found.regional["degree"], [d for _, d in graph.degree()])
    np.testing.assert_allclose(found.regional["clustering"], list(nx.clustering(graph).values()))


def test_thresholded_measures_equal_the_toolbox(case):
    _, _, links, _ = case
    edges = links.astype(float)
    np.testing.assert_allclose(binary.degree(links), bct.degrees_und(edges))
    np.testing.assert_allclose(binary.clustering(links), bct.clustering_coef_bu(edges))
    np.testing.assert_allclose(binary.efficiency(links), bct.efficiency_bin(edges))
    np.testing.assert_allclose(binary.local_efficiency(links), bct.efficiency_bin(edges, local=True))


def test_weighted_measures_equal_the_toolbox(case):
    _, weights, _, _ = case
    labels = np.arange(len(weights)) % 3
    np.testing.assert_allclose(weighted.strength(weights), bct.strengths_und(weights))
    np.testing.assert_allclose(weighted.clustering(weights), bct.clustering_coef_wu(weights))
    np.testing.assert_allclose(weighted.efficiency(weights), bct.efficiency_wei(weights))
    np.testing.assert_allclose(
        weighted.participation(weights, labels), bct.participation_coef(weights, labels + 1)
    )


def test_weighted_clustering_equals_networkx_up_to_its_scaling(case):
    _, weights, _, _ = case
    graph = nx.from_numpy_array(weights)
    scaled = np.array(list(nx.clustering(graph, weight="weight").values())) * weights.max()
    np.testing.assert_allclose(weighted.clustering(weights), scaled)


def test_modularity_of_a_partition_equals_networkx(case):
    _, weights, _, _ = case
    q, labels = weighted.modularity(weights, seed=1)
    parts = [set(np.flatnonzero(labels == k)) for k in np.unique(labels)]
    assert q == pytest.approx(nx.community.modularity(nx.from_numpy_array(weights), parts))
    one_by_one = weighted.modularity_of(weights, np.arange(len(weights)))
    assert q > one_by_one


def test_modularity_finds_planted_blocks():
    planted = np.kron(np.eye(3), np.full((4, 4), 0.8)) + 0.05
    np.fill_diagonal(planted, 0.0)
    _, labels = weighted.modularity(planted, seed=0)
    np.testing.assert_array_equal(labels[:, None] == labels[None, :], np.kron(np.eye(3), np.ones((4, 4))) > 0)


def test_small_worldness_tells_a_ring_from_a_random_graph():
    ring = nx.to_numpy_array(nx.watts_strogatz_graph(30, 6, 0.1, seed=1)) > 0
    random = nx.to_numpy_array(nx.gnm_random_graph(30, int(ring.sum()) // 2, seed=1)) > 0
    assert binary.small_worldness(ring, 0) > 1.8
    assert binary.small_worldness(random, 0) == pytest.approx(1.0, abs=0.35)


def test_small_worldness_of_a_complete_and_of_an_empty_network():
    complete = ~np.eye(7, dtype=bool)
    assert binary.small_worldness(complete, 0) == pytest.approx(1.0)
    assert binary.small_worldness(~complete & False, 0) == 0.0


def test_random_reference_has_the_expected_clustering():
    clustering, efficiency = binary.random_reference(25, 150, 3)
    assert clustering == pytest.approx(0.5, abs=0.02)  # the density: edges are placed independently
    assert efficiency == pytest.approx(
        0.75, abs=0.02
    )  # at density 1/2 nearly every pair is at most two steps apart


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(6)), st.floats(0.05, 0.9))
def test_relabelling_regions_permutes_regional_measures(seed, order, threshold):
    correlation = sample_correlation(seed, 6)
    one = measure(correlation.copy(), threshold=threshold)
    two = measure(correlation[np.ix_(order, order)], threshold=threshold)
    for name in ("strength", "degree", "clustering", "local_efficiency"):
        np.testing.assert_allclose(one.regional[name][order], two.regional[name], atol=1e-12)
    for name in ("density", "strength", "clustering_weighted", "efficiency", "efficiency_weighted"):
        assert one.whole[name] == pytest.approx(two.whole[name])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 0.9), st.integers(2, 8))
def test_every_measure_is_finite_and_in_its_range(seed, threshold, p):
    correlation = sample_correlation(seed, p)
    found = measure(correlation, threshold=threshold, homologues=[(0, 1)])
    assert set(found.whole) == set(GLOBAL_MEASURES)
    assert set(found.regional) == set(REGIONAL_MEASURES)
    for name, value in found.whole.items():
        assert np.isfinite(value), name
        if name not in ("strength", "small_worldness", "modularity", "homotopic"):
            assert -1e-12 <= value <= 1 + 1e-12, name
    for values in found.regional.values():
        assert np.isfinite(values).all()


def test_an_isolated_region_and_no_edges():
    found = measure(np.eye(4), threshold=0.1)
    assert found.whole["efficiency"] == 0
    assert found.whole["modularity"] == 0
    assert (found.regional["participation"] == 0).all()


@pytest.mark.parametrize(
    ("matrix", "threshold", "said"),
    [
        (np.eye(1), 0.3, r"two regions or more; this has the shape \(1, 1\)"),
        (np.ones((2, 3)), 0.3, r"the shape \(2, 3\)"),
        (np.eye(3), -0.1, "threshold=-0.1 must be a number of at least 0 and below 1"),
        (np.eye(3), np.nan, "threshold=nan must be"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), 0.3, "2 correlations of this network are not numbers"),
    ],
)
def test_what_is_no_network_gets_a_sentence(matrix, threshold, said):
    with pytest.raises(AnswerError, match=said):
        measure(matrix, threshold=threshold)

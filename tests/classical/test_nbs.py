"""The network-based statistic: equal to a literal one by networkx; finds a planted component and no other."""

import networkx as nx
import numpy as np
import pytest
import xarray as xr

import bayescov as bc
from bayescov.classical.exchange import make_pairs, members
from bayescov.classical.nbs import components
from bayescov.classical.residuals import residuals
from tests.classical import literal
from tests.classical.designs import design, draw, factor_correlation


def literal_components(changed, p):
    """Sets of edges (positions) of each connected component, by networkx."""
    graph = nx.Graph([edge for edge, there in zip(literal.edges(p), changed, strict=True) if there])
    found = []
    for regions in nx.connected_components(graph):
        inside = [k for k, (a, b) in enumerate(literal.edges(p)) if changed[k] and a in regions]
        found.append(set(inside))
    return found


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.5, 1.0])
def test_components_equal_networkx(share):
    rng = np.random.default_rng(0)
    for _ in range(20):
        changed = rng.random(36) < share
        found = components(changed, 9)
        expected = literal_components(changed, 9)
        ours = [set(np.flatnonzero(found.of_edge == k + 1)) for k in range(len(found.sizes))]
        assert sorted(map(sorted, ours)) == sorted(map(sorted, expected))
        assert [len(c) for c in ours] == sorted((len(c) for c in expected), reverse=True)
        assert (found.of_edge > 0).tolist() == changed.tolist()


@pytest.mark.parametrize("kind", ["correlation", "spearman"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_equal_to_the_literal_version_for_the_same_labels(kind, missing):
    rng = np.random.default_rng(1)
    groups = draw(rng, (16, 12, 18), factor_correlation(5))
    groups[0][rng.random(groups[0].shape) < missing / 4] = np.nan
    prepared = design(groups)
    answer = bc.nbs(prepared, threshold=1.2, n_permutations=40, kind=kind, seed=2)
    left = residuals(prepared, kind=kind)
    for k, pair in enumerate(make_pairs(prepared, kind)[0]):
        chosen = members(pair, 40, seed=2, position=k, block=0)
        permuted = np.abs(literal.permuted_scores(left, k + 1, chosen)) > 1.2
        largest = np.array([max(map(len, literal_components(row, 5)), default=0) for row in permuted])
        row = answer.isel(population=k)
        changed = np.abs(literal.score(left.of(k + 1), left.of(0), kind)) > 1.2
        for component in literal_components(changed, 5):
            edges = sorted(component)
            assert (row["component_size"].values[edges] == len(edges)).all()
            assert (row["p_value"].values[edges] == (1 + (largest >= len(edges)).sum()) / 41).all()
        assert (row["p_value"].values[~changed] == 1).all()
        assert (row["component"].values[~changed] == 0).all()
        assert int(row["largest_size"]) == max(map(len, literal_components(changed, 5)), default=0)


def test_a_planted_component_is_found_and_no_other():
    rng = np.random.default_rng(6)
    together = np.eye(10)
    together[:4, :4] = factor_correlation(4, 0.75)
    groups = [*draw(rng, (40,), np.eye(10)), *draw(rng, (40,), together), *draw(rng, (40,), np.eye(10))]
    answer = bc.nbs(design(groups), threshold=2.0, n_permutations=999)
    assert float(answer["p_largest"][0]) <= 0.03
    assert int(answer["largest_size"][0]) >= 5
    assert float(answer["p_largest"][1]) > 0.05


def test_no_edge_beyond_the_threshold_is_no_component():
    prepared = design(draw(np.random.default_rng(4), (12, 10), factor_correlation(4)))
    answer = bc.nbs(prepared, threshold=50.0, n_permutations=20)
    assert int(answer["n_components"][0]) == int(answer["largest_size"][0]) == 0
    assert float(answer["p_largest"][0]) == 1
    assert (answer["p_value"].values == 1).all()


def test_workers_do_not_matter():
    prepared = design(draw(np.random.default_rng(5), (12, 10), factor_correlation(4)))
    one, two = (bc.nbs(prepared, threshold=1.0, n_permutations=1100, n_jobs=jobs) for jobs in (1, 2))
    xr.testing.assert_identical(one, two)

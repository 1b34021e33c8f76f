"""The named truths: valid matrices that differ as their names say, and people drawn from exactly them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bayescov.design import from_edges, to_edges
from bayescov.errors import BayescovError
from bayescov.posterior.events import events
from bayescov.simulate import simulate_cohort, truth, truth_names
from bayescov.simulate.correlations import healthy_correlation, nearest_correlation
from bayescov.simulate.differences import homologues, random_edges

HC, MS, NMOSD = 0, 1, 2


def draw(name, p=14, seed=0):
    return truth(name, p=p, rng=np.random.default_rng(seed))


def random_matrix(seed, p):
    """Symmetric, unit diagonal, usually far from positive definite."""
    edges = np.random.default_rng(seed).uniform(-1, 1, p * (p - 1) // 2)
    return from_edges(edges)


@given(st.integers(0, 10_000), st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_the_nearest_correlation_matrix_is_valid_and_nearest(seed, p):
    matrix = random_matrix(seed, p)
    nearest = nearest_correlation(matrix)
    assert np.allclose(np.diag(nearest), 1.0)
    assert np.linalg.eigvalsh(nearest)[0] >= 0.05 - 1e-9
    # projection onto a convex set: the way back makes no acute angle with the way to any other member of the set
    draws = np.random.default_rng(seed + 1).standard_normal((3 * p, p))
    for other in (
        np.eye(p),
        nearest_correlation(np.corrcoef(draws.T)),
        nearest_correlation(random_matrix(seed + 2, p)),
    ):
        assert np.sum((matrix - nearest) * (other - nearest)) <= 1e-5


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_valid_matrix_is_its_own_nearest(seed):
    once = nearest_correlation(random_matrix(seed, 6))
    np.testing.assert_allclose(nearest_correlation(once), once, atol=1e-8)


@pytest.mark.parametrize("p", [4, 5, 14, 15, 30, 68])
def test_healthy_matrices_of_any_size_are_valid_and_have_homologues(p):
    matrix, names = healthy_correlation(p)
    assert matrix.shape == (p, p)
    assert len(set(names)) == p
    assert np.linalg.eigvalsh(matrix)[0] > 0.02
    mirror = homologues(names)
    pairs = np.flatnonzero(mirror != np.arange(p))
    assert len(pairs) == 2 * (p // 2)
    assert (mirror[mirror] == np.arange(p)).all()
    assert (matrix[pairs, mirror[pairs]] > 0.55).all()


@pytest.mark.parametrize("p", [5, 14, 30])
@pytest.mark.parametrize("name", truth_names())
def test_every_truth_is_a_distribution(name, p):
    made = draw(name, p)
    assert made.correlation.shape == (3, p, p)
    assert made.edges.shape == (3, p * (p - 1) // 2)
    np.testing.assert_allclose(np.diagonal(made.correlation, axis1=1, axis2=2), 1.0)
    np.testing.assert_allclose(made.correlation, np.swapaxes(made.correlation, 1, 2), atol=1e-12)
    noise = made.covariance - made.loading[:, :, None] * made.loading[:, None, :]
    assert np.linalg.eigvalsh(noise).min() > 0
    if not made.loading.any():
        assert np.linalg.eigvalsh(made.correlation).min() >= 0.05 - 1e-9
    assert (made.sd > 0).all()


@pytest.mark.parametrize("name", truth_names())
def test_truths_differ_between_data_sets_and_obey_the_generator(name):
    first, again, other = draw(name, seed=1), draw(name, seed=1), draw(name, seed=2)
    np.testing.assert_array_equal(first.correlation, again.correlation)
    assert not np.allclose(first.correlation[HC], other.correlation[HC])


@pytest.mark.parametrize("name", ["null", "variance_only", "heavy_tails"])
def test_where_nothing_happens_to_correlations_nothing_is_there(name):
    made = draw(name)
    assert (made.correlation == made.correlation[HC]).all()


def test_sparse_raises_edges_in_one_group_and_lowers_others_in_the_other():
    made = [draw("sparse", seed=s) for s in range(20)]
    raised = np.array([t.edges[MS] - t.edges[HC] for t in made])
    lowered = np.array([t.edges[NMOSD] - t.edges[HC] for t in made])
    # neighbours move a little when the matrix is made valid, but eight edges stand out in the stated direction
    eight_up, eight_down = np.sort(raised, axis=1)[:, -8:], np.sort(lowered, axis=1)[:, :8]
    assert eight_up.mean() > 0.25
    assert eight_down.mean() < -0.25
    assert np.sort(raised, axis=1)[:, :-8].mean() < 0.05
    assert np.abs(np.sort(lowered, axis=1)[:, 8:]).mean() < 0.06


def test_half_changes_the_second_group_only():
    made = draw("half")
    assert (made.correlation[MS] == made.correlation[HC]).all()
    assert (made.edges[NMOSD] - made.edges[HC] < -0.15).sum() >= 10


def test_dense_moves_every_group_by_the_spread_of_forty_people():
    made = [draw("dense", seed=s) for s in range(30)]
    difference = np.concatenate([t.edges[MS] - t.edges[HC] for t in made])
    # each side has a sampling SD of (1 - rho^2) / sqrt(39), so differences of weak edges one of about .2
    assert 0.12 < difference.std() < 0.23
    assert (np.abs(difference) > 1e-6).all()


def test_variance_only_makes_half_of_the_regions_more_variable():
    made = draw("variance_only")
    for g in (MS, NMOSD):
        ratio = made.sd[g] / made.sd[HC]
        assert np.isclose(ratio, 1.5).sum() == 7
        assert np.isclose(ratio, 1.0).sum() == 7


def test_noise_leaves_four_fifths_of_every_covariance_of_one_group():
    made = draw("noise")
    noise = made.covariance[MS] - made.covariance[HC]
    np.testing.assert_allclose(noise, np.diag(0.25 * made.sd[HC] ** 2), atol=1e-15)
    np.testing.assert_allclose(made.edges[MS], 0.8 * made.edges[HC])
    assert (made.covariance[NMOSD] == made.covariance[HC]).all()


def test_hub_uncouples_one_region_of_one_group():
    made = draw("hub")
    off = made.correlation - np.eye(14)
    assert (np.abs(off[NMOSD]).max(axis=1) == 0).sum() == 1
    hub = int(np.argmin(np.abs(off[NMOSD]).max(axis=1)))
    others = np.delete(np.arange(14), hub)
    np.testing.assert_array_equal(off[NMOSD][np.ix_(others, others)], off[HC][np.ix_(others, others)])
    assert (made.correlation[MS] == made.correlation[HC]).all()


def test_few_many_and_one_group_alone_change_what_they_say():
    mirror = homologues(draw("null").regions)
    rows, columns = np.triu_indices(14, 1)
    apart = mirror[rows] != columns  # no homologues
    few, many, one = (draw(name).correlation for name in ("few", "many_small", "one_dense"))
    for made in (few, one):
        np.testing.assert_array_equal(made[NMOSD], made[HC])
    raised, lowered = to_edges(few[MS] - few[HC]), to_edges(many[HC] - many[MS])
    np.testing.assert_array_equal(many[MS], many[NMOSD])
    # Made valid afterwards, which moves all edges a little and takes up to half of a change.
    assert (raised > 0.2).sum() == 3
    assert (raised[~apart] < 0.2).all()
    assert (lowered > 0.05).sum() == pytest.approx(apart.sum() // 2, abs=6)
    assert 0.1 < np.sort(lowered)[-30:].mean() < 0.2
    # Fisher's z of 40 people: SD 1 / sqrt(37), in each edge
    moved = np.arctanh(to_edges(one[MS])) - np.arctanh(to_edges(one[HC]))
    assert 0.5 / np.sqrt(37) < moved.std() < 1.5 / np.sqrt(37)


def moved(made, g):
    """(region, region): how much each correlation of a population differs from the controls'."""
    return made.correlation[g] - made.correlation[HC]


def test_module_lowers_the_edges_among_five_regions():
    inside = [moved(draw("module", seed=s), MS) for s in range(10)]
    for change in inside:
        # made valid afterwards, which gives back a part of it, and spills a little over
        who = np.argsort(change.sum(0))[:5]
        among = to_edges(change[np.ix_(who, who)])
        assert among.max() < -0.1
        assert np.abs(np.delete(change, who, 0)).max() < 0.15
    assert (moved(draw("module"), NMOSD) == 0).all()


def test_hemispheres_lowers_what_lies_between_left_and_right():
    made = draw("hemispheres")
    left = np.array([r.startswith("Left") for r in made.regions])
    between = left[:, None] != left[None, :]
    assert between.sum() == 2 * 7 * 7
    change = moved(made, NMOSD)
    assert change[between].mean() == pytest.approx(-0.2, abs=0.08)
    assert np.abs(change[~between]).mean() < 0.08
    assert (moved(made, MS) == 0).all()


def test_where_controls_are_the_odd_ones_both_patient_groups_differ_alike():
    made = draw("odd_controls")
    np.testing.assert_array_equal(made.correlation[MS], made.correlation[NMOSD])
    change = np.sort(to_edges(moved(made, MS)))
    assert change[-8:].min() > 0.15
    assert np.abs(change[:-8]).mean() < 0.06


def test_weak_is_sparse_around_weaker_correlations():
    weak, sparse = draw("weak", seed=3), draw("sparse", seed=3)
    np.testing.assert_allclose(weak.edges[HC], 0.4 * sparse.edges[HC])
    for g, sign in ((MS, 1), (NMOSD, -1)):
        change = np.sort(sign * to_edges(moved(weak, g)))
        assert change[-8:].min() > 0.2
        assert np.abs(change[:-8]).mean() < 0.06


def test_one_region_keeps_two_fifths_of_its_correlations():
    made = draw("one_region")
    changed = np.abs(moved(made, MS)) > 1e-12
    region = int(np.argmax(changed.sum(0)))
    others = np.delete(np.arange(14), region)
    np.testing.assert_allclose(
        made.correlation[MS, region, others], 0.4 * made.correlation[HC, region, others]
    )
    assert not changed[np.ix_(others, others)].any()
    assert (moved(made, NMOSD) == 0).all()


def test_shift_brings_every_correlation_a_quarter_nearer_to_one():
    made = draw("shift")
    np.testing.assert_allclose(1 - made.correlation[MS], 0.75 * (1 - made.correlation[HC]), atol=1e-8)
    assert (moved(made, NMOSD) == 0).all()


def test_mirrored_gains_on_one_side_what_it_loses_on_the_other():
    made = draw("mirrored")
    mirror = homologues(made.regions)
    np.testing.assert_array_equal(made.correlation[MS], made.correlation[HC][np.ix_(mirror, mirror)])
    found = events(made.edges[HC], made.edges[MS], threshold=0.3, margin=0.1)
    assert found.added.sum() == found.missing.sum() > 3


def test_random_edges_are_different_and_never_between_homologues():
    regions = draw("null").regions
    for seed in range(30):
        edges = random_edges(regions, 20, np.random.default_rng(seed))
        assert len({tuple(e) for e in edges}) == 20
        assert not [e for e in edges if homologues(regions)[e[0]] == e[1]]


def _z_of_edges(log_volumes, correlation, dof=np.inf):
    """How many standard errors sample correlations are from the truth; a t of 5 degrees has fourth moments 3 x."""
    inflation = np.sqrt((dof - 2) / (dof - 4)) if np.isfinite(dof) else 1.0
    sample = to_edges(np.corrcoef(log_volumes.T))
    return (
        (np.arctanh(sample) - np.arctanh(to_edges(correlation))) * np.sqrt(len(log_volumes) - 3) / inflation
    )


@pytest.mark.parametrize("name", truth_names())
def test_people_have_exactly_the_stated_correlations(name):
    rng = np.random.default_rng(20230602)
    made = truth(name, p=6, rng=rng)
    cohort = simulate_cohort(made, (40_000, 40_000, 40_000), rng=rng)
    group = cohort.group.to_numpy()
    for g, population in enumerate(made.populations):
        logs = np.log(cohort.volumes.to_numpy()[group == population])
        n = len(logs)
        heavy = np.sqrt((made.dof - 1) / (made.dof - 4)) if np.isfinite(made.dof) else 1.0
        assert np.abs((logs.mean(0) - made.mean[g]) / made.sd[g] * np.sqrt(n)).max() < 5
        # SDs of exponential severities have larger fourth moments: 3 x covers a loading of .9
        assert np.abs(np.log(logs.std(0) / made.sd[g]) * np.sqrt(2 * n)).max() < 15 * heavy
        assert np.abs(_z_of_edges(logs, made.correlation[g], made.dof)).max() < 6


def test_the_check_above_would_notice_a_forgotten_severity():
    rng = np.random.default_rng(5)
    made = truth("severity", p=6, rng=rng)
    cohort = simulate_cohort(made, (40_000, 40_000, 40_000), rng=rng)
    logs = np.log(cohort.volumes.to_numpy()[cohort.group.to_numpy() == "MS"])
    assert np.abs(_z_of_edges(logs, made.correlation[HC])).max() > 20


def test_heavy_tails_are_those_of_a_t_and_severity_is_skewed():
    rng = np.random.default_rng(11)
    heavy = truth("heavy_tails", p=4, rng=rng)
    logs = np.log(simulate_cohort(heavy, (100_000, 2, 2), rng=rng).volumes.to_numpy()[:100_000])
    z = (logs[:, 0] - heavy.mean[HC, 0]) / heavy.sd[HC, 0]
    expected = 2 * stats.t(5).sf(4 * np.sqrt(5 / 3))
    assert expected > 20 * 2 * stats.norm.sf(4)
    assert abs((np.abs(z) > 4).mean() - expected) < 4 * np.sqrt(expected / 100_000)
    ill = truth("severity", p=4, rng=rng)
    patients = np.log(simulate_cohort(ill, (2, 100_000, 2), rng=rng).volumes.to_numpy()[2:-2])
    assert (stats.skew(patients) < -0.01).all()


def test_a_cohort_carries_its_truth_and_its_people():
    rng = np.random.default_rng(3)
    made = truth("sparse", p=14, rng=rng)
    cohort = simulate_cohort(made, rng=rng)
    assert cohort.groups == ("HC", "MS", "NMOSD")
    assert cohort.group.value_counts().to_dict() == {"MS": 40, "NMOSD": 35, "HC": 34}
    np.testing.assert_array_equal(cohort.truth["correlation"].values, made.edges)
    assert list(cohort.truth["region_a"].values[:2]) == [cohort.regions[0]] * 2
    assert cohort.truth["difference_percent"].sel(population="MS").max() < -5
    assert list(cohort.covariates) == []


@pytest.mark.parametrize("name", ["null", "hub", "mirrored"])
def test_a_truth_starts_from_the_given_correlations(name):
    packaged = healthy_correlation(6)[0]
    given = truth(name, p=6, rng=np.random.default_rng(3), healthy=packaged)
    np.testing.assert_allclose(given.correlation, draw(name, p=6, seed=3).correlation, atol=1e-8)


def test_where_nothing_correlates_two_hundred_people_hardly_do():
    plain = truth("null", p=6, rng=np.random.default_rng(3), healthy=np.eye(6).tolist())
    assert np.abs(to_edges(plain.correlation)).max() < 4 / np.sqrt(200)


def healthy(**elements):
    """Four regions with correlations of .2, but for what is given, such as r01."""
    matrix = np.full((4, 4), 0.2)
    np.fill_diagonal(matrix, 1.0)
    for place, value in elements.items():
        matrix[int(place[1]), int(place[2])] = value
    return matrix


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (np.eye(5), r"the shape \(5, 5\); 4 regions need \(4, 4\)"),
        (healthy(r01=0.3), r"of Left-Thalamus and Left-Caudate are 0.3 and, the other way, 0.2"),
        (healthy(r23=np.nan), "Right-Thalamus and Right-Caudate are nan"),
        (
            healthy(r02=1.2, r20=1.2),
            r"are 1.2 and, the other way, 1.2; they must be the same, between -1 and 1",
        ),
        (0.5 * healthy(), "is this a covariance matrix"),
        (
            np.full((4, 4), -0.5) + 1.5 * np.eye(4),
            r"not positive semi-definite \(smallest eigenvalue -0\.50\)",
        ),
    ],
)
def test_what_is_no_correlation_matrix_is_said(matrix, said):
    with pytest.raises(BayescovError, match=said):
        truth("null", p=4, rng=np.random.default_rng(0), healthy=matrix)


def test_correlations_written_with_two_decimals_are_no_contradiction():
    factor = np.random.default_rng(0).normal(size=(14, 2))
    rounded = np.corrcoef(factor).round(2)
    assert np.linalg.eigvalsh(rounded)[0] < 0
    truth("null", p=14, rng=np.random.default_rng(0), healthy=rounded)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: draw("sprase"), "did you mean 'sparse'"),
        (lambda: draw("null", p=3), "at least 4 regions"),
        (lambda: simulate_cohort(draw("null"), (34, 40), rng=np.random.default_rng(0)), "HC, MS, NMOSD"),
    ],
)
def test_what_is_not_there_is_said(make, said):
    with pytest.raises(BayescovError, match=said):
        make()

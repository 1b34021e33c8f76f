"""permutation_test: equal to the literal version; invariances as theorems; finds what is there."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import false_discovery_control

import bayescov as bc
from bayescov.classical.exchange import blocks, make_pairs, members
from bayescov.classical.residuals import residuals
from bayescov.design.edges import edge_coordinates
from tests.classical import literal
from tests.classical.designs import NAMES, design, draw, factor_correlation


def some_design(sizes=(12, 9, 15), p=4, *, seed=0, covariates=True, missing=0.0, **how):
    rng = np.random.default_rng(seed)
    groups = draw(rng, sizes, factor_correlation(p), **how)
    table = {"age": rng.normal(size=sum(sizes)), "icv": rng.normal(size=sum(sizes))} if covariates else None
    for y in groups:
        y[rng.random(y.shape) < missing] = np.nan
    return design(groups, covariates=table)


def labels(prepared, kind, position, n, seed=0):
    pairs, _ = make_pairs(prepared, kind)
    k = position - 1
    return np.vstack([members(pairs[k], m, seed=seed, position=k, block=b) for b, m in blocks(n)])


CASES = {
    "correlation": {},
    "no covariates": {"covariates": False},
    "two groups": {"sizes": (10, 14)},
    "five groups": {"sizes": (8, 7, 9, 6, 10)},
    "few controls": {"sizes": (7, 20)},
    "eight against many": {"sizes": (60, 8)},
    "more regions than people": {"sizes": (9, 8), "p": 11},
    "two regions": {"sizes": (9, 8), "p": 2},
    "missing": {"missing": 0.12, "sizes": (16, 14, 18)},
    "partial": {"kind": "partial", "sizes": (14, 12), "p": 5},
    "spearman": {"kind": "spearman"},
    "spearman, more patients": {"kind": "spearman", "sizes": (8, 13)},
    "partial, missing": {"kind": "partial", "sizes": (24, 20), "missing": 0.04},
    "spearman, missing": {"kind": "spearman", "sizes": (24, 20), "missing": 0.04},
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equal_to_the_literal_version_for_the_same_labels(case):
    settings = dict(CASES[case])
    kind = settings.pop("kind", "correlation")
    prepared = some_design(**settings)
    n = 40
    answer = bc.permutation_test(prepared, n_permutations=n, kind=kind, seed=3)
    left = residuals(prepared, kind=kind)
    for position, name in enumerate(prepared.patients, 1):
        chosen = labels(prepared, kind, position, n, seed=3)
        edge, largest, total = literal.p_values(left, position, chosen)
        row = answer.sel(population=name)
        np.testing.assert_array_equal(row["p_value"].values, edge)
        np.testing.assert_array_equal(row["p_max_t"].values, largest)
        assert float(row["p_global"]) == total
        score = literal.score(left.of(position), left.of(0), kind, left.inflation[position])
        np.testing.assert_allclose(row["statistic"].values, score, rtol=1e-9, atol=1e-10)


def test_ties_are_counted_as_at_least_as_extreme():
    # Ten people with few distinct volumes: many exchanges give the observed statistic again, up to rounding.
    y = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 2.0]])
    prepared = design([y, y[:, ::-1] + [1.0, 0]])
    for kind in ("correlation", "spearman"):
        answer = bc.permutation_test(prepared, n_permutations=600, kind=kind)
        left = residuals(prepared, kind=kind)
        edge, largest, total = literal.p_values(left, 1, labels(prepared, kind, 1, 600))
        assert answer["p_value"].values[0, 0] == edge[0] == largest[0]
        assert float(answer["p_global"][0]) == total
        assert edge[0] == 1.0  # both correlations are equal, so every exchange is at least as extreme


def test_results_depend_on_the_seed_and_not_on_the_number_of_workers():
    prepared = some_design()
    runs = [bc.permutation_test(prepared, n_permutations=1100, seed=5, n_jobs=jobs) for jobs in (1, 2, 3)]
    xr.testing.assert_identical(runs[0], runs[1])
    xr.testing.assert_identical(runs[0], runs[2])
    other = bc.permutation_test(prepared, n_permutations=1100, seed=6)
    assert not other["p_value"].equals(runs[0]["p_value"])


def test_results_do_not_depend_on_the_batch(monkeypatch):
    prepared = some_design(p=6)
    whole = bc.permutation_test(prepared, n_permutations=300)
    monkeypatch.setattr("bayescov.classical.exchange.ELEMENTS", 1)
    xr.testing.assert_identical(bc.permutation_test(prepared, n_permutations=300), whole)


@pytest.mark.parametrize("kind", ["correlation", "partial", "spearman"])
@pytest.mark.parametrize("covariates", [False, True])
def test_means_and_units_of_a_group_do_not_matter(kind, covariates):
    rng = np.random.default_rng(1)
    sizes, p = (12, 14, 11), 4
    groups = draw(rng, sizes, factor_correlation(p))
    # Covariates that vary within the controls only leave the other groups' residuals as they are.
    table = {"age": np.r_[rng.normal(size=12), np.zeros(25)]} if covariates else None
    changed = [y * np.exp(rng.normal(size=p)) + rng.normal(size=p) * 5 for y in groups]
    one, two = (
        bc.permutation_test(design(g, covariates=table), n_permutations=200, kind=kind)
        for g in (groups, changed)
    )
    for name in ("p_value", "p_max_t", "p_global", "q_value"):
        np.testing.assert_array_equal(one[name].values, two[name].values)
    np.testing.assert_allclose(one["difference"].values, two["difference"].values, atol=1e-9)


def test_what_a_covariate_explains_is_removed_before_labels_are_exchanged():
    rng = np.random.default_rng(2)
    groups = draw(rng, (30, 30), factor_correlation(4))
    age = rng.normal(size=60)
    loaded = [y + 4 * a[:, None] for y, a in zip(groups, np.split(age, 2), strict=True)]
    with_age = bc.permutation_test(design(loaded, covariates={"age": age}), n_permutations=50)
    clean = bc.permutation_test(design(groups, covariates={"age": age}), n_permutations=50)
    np.testing.assert_allclose(with_age["difference"].values, clean["difference"].values, atol=1e-8)
    without = bc.permutation_test(design(loaded), n_permutations=50)
    assert float(without["correlation"].min()) > 0.9  # the negative control: age is in every region


def test_a_third_group_does_not_change_the_labels_of_the_others():
    rng = np.random.default_rng(3)
    groups = draw(rng, (15, 12, 20), factor_correlation(4))
    three = bc.permutation_test(design(groups), n_permutations=150)
    two = bc.permutation_test(design(groups[:2]), n_permutations=150)
    xr.testing.assert_allclose(three.isel(population=[0]), two, rtol=1e-9)


def test_a_real_change_is_found_and_only_there():
    rng = np.random.default_rng(4)
    together, apart = np.eye(5), np.eye(5)
    together[0, 1] = together[1, 0] = 0.85
    groups = [*draw(rng, (40,), apart), *draw(rng, (45, 40), together)]
    answer = bc.permutation_test(design([groups[0], groups[1], *draw(rng, (40,), apart)]), n_permutations=999)
    ms = answer.sel(population="MS")
    assert ms["p_max_t"].values[0] == ms["p_value"].values[0] == 1 / 1000
    assert ms["difference"].values[0] > 0.6
    assert (ms["p_max_t"].values[1:] > 0.05).all()
    assert float(ms["p_global"]) < 0.05
    assert (answer.sel(population="NMOSD")["p_max_t"].values > 0.05).all()


def test_what_is_returned():
    prepared = some_design(sizes=(9, 8, 7, 9, 10))
    answer = bc.permutation_test(prepared, n_permutations=99, seed=8)
    assert tuple(answer["population"].values) == NAMES[1:] == prepared.patients
    for name, value in edge_coordinates(prepared.regions).items():
        expected = value[1] if isinstance(value, tuple) else value
        np.testing.assert_array_equal(answer[name].values, expected)
    p = answer["p_value"].values
    assert p.min() >= 1 / 100
    assert p.max() <= 1
    assert (answer["p_max_t"].values >= p).all()
    np.testing.assert_array_equal(
        answer["q_value"].values, np.stack([false_discovery_control(row) for row in p])
    )
    np.testing.assert_allclose(
        answer["difference"].values, answer["correlation"].values - answer["control_correlation"].values
    )
    assert answer.attrs["control"] == "HC"
    assert (answer.attrs["n_permutations"], answer.attrs["seed"]) == (99, 8)
    assert answer.attrs["missing"] == "none"
    assert answer["n_patients"].values.tolist() == [8, 7, 9, 10]


def test_missing_volumes_are_told():
    prepared = some_design(sizes=(30, 25), missing=0.03, p=4)
    assert bc.permutation_test(prepared, n_permutations=9).attrs["missing"].startswith("pairwise")
    partial = bc.permutation_test(prepared, n_permutations=9, kind="partial")
    lost = int(np.isnan(prepared.y.values).any(axis=1).sum())
    assert f"{lost} of 55" in partial.attrs["missing"]
    assert int(partial["n_patients"][0] + partial["n_controls"][0]) == 55 - lost


def test_one_permutation_is_enough_for_an_answer():
    answer = bc.permutation_test(some_design(), n_permutations=1)
    assert set(np.unique(answer["p_value"].values)) <= {0.5, 1.0}


def test_memory_does_not_grow_with_the_number_of_permutations():
    import tracemalloc

    prepared = some_design(sizes=(30, 25), p=20)
    peaks = []
    for n in (512, 512 * 12):
        bc.permutation_test(prepared, n_permutations=n, n_jobs=1)  # what is loaded once is not counted
        tracemalloc.start()
        bc.permutation_test(prepared, n_permutations=n, n_jobs=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 200_000  # 6144 permutations of 190 edges would be 9 MB

"""Graph measures by exchange of labels: literal, two-sided, blind to group sizes, and able to see."""

import joblib
import numpy as np
import pytest
import xarray as xr

import bayescov as bc
from bayescov.classical.exchange import make_pairs, members
from bayescov.classical.networks import QUICK
from bayescov.graphs import measure
from tests.classical.designs import design, draw, factor_correlation


def test_equal_to_the_literal_version_for_the_same_labels():
    rng = np.random.default_rng(0)
    prepared = design(draw(rng, (14, 20, 9), factor_correlation(6, 0.3)))
    n = 25
    answer = bc.network_test(prepared, n_permutations=n, seed=4)
    assert answer["measure"].values.tolist() == list(QUICK)
    for k, pair in enumerate(make_pairs(prepared, "correlation")[0]):
        chosen = members(pair, n, seed=4, position=k, block=0)

        def difference(patients, controls):
            one, two = (
                measure(np.corrcoef(x, rowvar=False), threshold=0.3).whole for x in (patients, controls)
            )
            return np.array([one[name] - two[name] for name in QUICK])

        observed = difference(pair.values[pair.n_control :], pair.values[: pair.n_control])
        permuted = []
        for people in chosen:
            inside = np.isin(np.arange(len(pair.values)), people)
            parts = (pair.values[inside], pair.values[~inside])
            permuted.append(difference(*(parts if pair.n_patients <= pair.n_control else parts[::-1])))
        permuted = np.array(permuted)
        tails = np.minimum(
            (permuted >= observed - 1e-9).sum(axis=0), (permuted <= observed + 1e-9).sum(axis=0)
        )
        np.testing.assert_allclose(answer["difference"].values[k], observed, atol=1e-9)
        np.testing.assert_array_equal(answer["p_value"].values[k], np.minimum(1, 2 * (1 + tails) / (n + 1)))


def test_slow_measures_are_there_too():
    prepared = design(draw(np.random.default_rng(1), (12, 11), factor_correlation(5, 0.3)))
    answer = bc.network_test(prepared, measures=["modularity", "density"], n_permutations=3, seed=2)
    pair = make_pairs(prepared, "correlation")[0][0]
    whole = [measure(m.copy(), threshold=0.3, seed=2, random_seed=2).whole for m in pair.observed]
    for name in ("modularity", "density"):
        row = answer.sel(measure=name).isel(population=0)
        assert float(row["value"]) == pytest.approx(whole[0][name])
        assert float(row["control_value"]) == pytest.approx(whole[1][name])


def test_a_denser_network_is_seen_and_a_smaller_group_alone_is_not():
    rng = np.random.default_rng(2)
    plain = factor_correlation(8, 0.15)
    groups = [
        *draw(rng, (60,), plain),
        *draw(rng, (40,), factor_correlation(8, 0.6)),
        *draw(rng, (15,), plain),
    ]
    answer = bc.network_test(design(groups), measures="density", n_permutations=199)
    p = answer["p_value"].values[:, 0]
    assert p[0] == 2 / 200
    assert p[1] > 0.05
    # a threshold turns the noise of 15 people into connections, which the permutations have too
    assert float(answer["difference"][1, 0]) > 0.1


def test_workers_do_not_matter():
    prepared = design(draw(np.random.default_rng(3), (12, 10, 9), factor_correlation(4)))
    one = bc.network_test(prepared, n_permutations=30)
    with joblib.parallel_config(backend="threading"):
        xr.testing.assert_identical(bc.network_test(prepared, n_permutations=30, n_jobs=2), one)


@pytest.mark.slow
def test_processes_do_not_matter():
    prepared = design(draw(np.random.default_rng(3), (12, 10, 9), factor_correlation(4)))
    one, two = (bc.network_test(prepared, n_permutations=30, n_jobs=jobs) for jobs in (1, 2))
    xr.testing.assert_identical(one, two)

"""The null of the permutation test is right: over many data sets in which nothing differs but means and variances.

Each figure is printed (``pytest -s``). False alarms: a KS test of a right procedure falls below .001 once in 1,000.
"""

import numpy as np
import pytest
from scipy import stats

import bayescov as bc
from bayescov.classical.correlation import pearson, z_difference
from bayescov.classical.exchange import Pair, members
from bayescov.classical.permutation import exceedances
from bayescov.classical.residuals import residuals
from bayescov.design import to_edges
from bayescov.simulate.correlations import healthy_correlation
from tests.classical.designs import design, draw, factor_correlation

HEALTHY = {p: healthy_correlation(p)[0] for p in (6, 14, 30)}
DATA_SETS = 200
ALARM = 0.001


def null_design(seed, *, sizes, p=6, kind_of_covariates="shared", dof=None, missing=0.0):
    """Equal correlations; means, and variances of every region, differ between groups; covariates act strongly."""
    rng = np.random.default_rng([11, seed])
    correlation = HEALTHY[p]
    spread = [np.exp(0.3 * g + 0.3 * rng.normal(size=p)) for g in range(len(sizes))]
    means = [2 * rng.normal(size=p) for _ in sizes]
    groups = draw(rng, sizes, correlation, scale=spread, shift=means, dof=dof)
    n = sum(sizes)
    if kind_of_covariates == "none":
        return design(groups)
    x = rng.normal(size=(n, 3))
    if kind_of_covariates == "patients only":
        x[: sizes[0]] *= 0.01
    y = np.vstack(groups) + x @ rng.normal(size=(3, p)) * 2
    y[rng.random(y.shape) < missing] = np.nan
    parts = np.split(y, np.cumsum(sizes)[:-1])
    return design(parts, covariates={f"c{k}": x[:, k] for k in range(3)})


def p_values(settings, n=DATA_SETS, kind="correlation"):
    """p of one edge, of all edges at once, and the smallest p_max_t: (data set, patient group)."""
    edge, whole, smallest = [], [], []
    for seed in range(n):
        answer = bc.permutation_test(
            null_design(seed, **settings), n_permutations=199, seed=seed, kind=kind, n_jobs=1
        )
        edge.append(answer["p_value"].values[:, seed % answer.sizes["edge"]])
        whole.append(answer["p_global"].values)
        smallest.append(answer["p_max_t"].values.min(axis=1))
    return np.array(edge), np.array(whole), np.array(smallest)


def uniformity(name, p):
    """KS p-value of each column against the uniform distribution, printed."""
    found = [stats.kstest(column, "uniform").pvalue for column in p.T]
    rates = (p <= 0.05).mean(axis=0)
    print(f"{name}: KS p {np.round(found, 3)}, share at .05 {np.round(rates, 3)}")
    return min(found)


def test_p_values_are_uniform_where_only_means_and_variances_differ():
    edge, whole, smallest = p_values({"sizes": (34, 40, 35)})
    assert uniformity("edge", edge) > ALARM
    assert uniformity("global", whole) > ALARM
    # 400 comparisons at .05: at most 36 in 99.9 of 100 right procedures
    assert (smallest <= 0.05).sum() <= stats.binom.ppf(0.999, smallest.size, 0.05)


# fmt: off
SLOW = {
    "no covariates": {"sizes": (34, 40, 35), "kind_of_covariates": "none"},
    "two small groups": {"sizes": (12, 12)},
    "8 against 200": {"sizes": (200, 8)},
    "200 against 8": {"sizes": (8, 200)},
    "five groups": {"sizes": (20, 25, 15, 30, 18)},
    "covariates vary in the patients only": {"sizes": (20, 20), "kind_of_covariates": "patients only"},
    "missing volumes": {"sizes": (34, 40, 35), "missing": 0.07},
    "more regions than people": {"sizes": (12, 12), "p": 30},
    "spearman": {"sizes": (34, 40, 35), "kind": "spearman"},
    "partial": {"sizes": (34, 40, 35), "kind": "partial"},
    "partial, covariates vary in the patients only": {
        "sizes": (24, 24), "p": 14, "kind": "partial", "kind_of_covariates": "patients only",
    },
}
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW)
def test_p_values_are_uniform_in_harder_cases(case):
    settings = dict(SLOW[case])
    kind = settings.pop("kind", "correlation")
    edge, whole, _ = p_values(settings, kind=kind)
    assert uniformity(f"{case}, edge", edge) > ALARM
    assert uniformity(f"{case}, global", whole) > ALARM


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(34, 40, 35), (200, 8, 30)])
def test_max_t_holds_the_familywise_error(sizes):
    smallest = p_values({"sizes": sizes, "p": 14}, n=1500)[2]
    rate = (smallest <= 0.05).mean(axis=0)
    print(
        f"{sizes}: familywise error of max-T at .05: {rate} (standard error {np.sqrt(0.05 * 0.95 / 1500):.4f})"
    )
    assert (rate <= 0.06 + 2 * np.sqrt(0.05 * 0.95 / 1500)).all()
    assert rate.mean() <= 0.06
    assert (rate >= 0.03).all()  # and it is not merely silent


@pytest.mark.slow
def test_heavy_tails_cost_little_here_and_much_in_fishers_z():
    rates = {"permutation": [], "fisher": []}
    for seed in range(500):
        prepared = null_design(seed, sizes=(34, 40), dof=6)
        twin = bc.permutation_test(prepared, n_permutations=199, seed=seed, n_jobs=1)
        rates["permutation"].append((twin["p_value"].values <= 0.05).mean())
        rates["fisher"].append((bc.fisher_z(prepared)["p_value"].values <= 0.05).mean())
    shares = {name: float(np.mean(values)) for name, values in rates.items()}
    print(f"t with 6 degrees of freedom, share of edges at .05: {shares}")
    assert shares["permutation"] < 0.06
    assert shares["fisher"] > 0.08


def raw_p(seed, *, standardised):
    """p of the whole, with and without scaling residuals within groups before labels are exchanged."""
    rng = np.random.default_rng([13, seed])
    groups = draw(rng, (34, 40), HEALTHY[6], scale=[np.ones(6), np.full(6, 5.0)])
    groups = [y - y.mean(axis=0) for y in groups]
    if standardised:
        groups = [y / y.std(axis=0) for y in groups]
    made = Pair(np.vstack(groups), 34, "correlation")
    found = exceedances(made, members(made, 199, seed=seed, position=0, block=0))
    return (1 + found.edge) / 200, (1 + found.total) / 200


def test_negative_control_unscaled_residuals_are_caught():
    # Were the groups not scaled before labels are exchanged, this test of uniformity would see it.
    whole = {
        s: np.array([raw_p(seed, standardised=s)[1] for seed in range(DATA_SETS)]) for s in (False, True)
    }
    assert uniformity("scaled", whole[True][:, None]) > ALARM
    assert uniformity("not scaled", whole[False][:, None]) < ALARM


def test_negative_control_exchanging_with_means_left_in_is_caught():
    found = []
    for seed in range(DATA_SETS):
        rng = np.random.default_rng([17, seed])
        groups = draw(rng, (34, 40), HEALTHY[6], shift=[np.zeros(6), 4 * np.ones(6)])
        pooled = np.vstack(groups)
        made = Pair(pooled - pooled.mean(axis=0), 34, "correlation")
        found.append((1 + exceedances(made, members(made, 199, seed=seed, position=0, block=0)).total) / 200)
    assert uniformity("means left in", np.array(found)[:, None]) < ALARM


def test_negative_control_exchanging_with_a_third_group_is_caught():
    # Controls and patients are equal, a third group is not. Exchanged over all three, their p is wrong; as a pair, right.
    alone, mixed = [], []
    for seed in range(100):
        rng = np.random.default_rng([19, seed])
        groups = draw(rng, (30, 30), np.eye(4)) + draw(rng, (120,), factor_correlation(4, 0.95))
        prepared = design(groups)
        alone.append(
            float(bc.permutation_test(prepared, n_permutations=99, seed=seed, n_jobs=1)["p_global"][0])
        )
        left = residuals(prepared)

        def whole(controls, patients):
            return to_edges(np.tanh(z_difference(pearson(patients)[0], pearson(controls)[0])) ** 2).sum(
                axis=-1
            )

        order = rng.permuted(np.tile(np.arange(180), (99, 1)), axis=1)
        permuted = whole(left.values[order[:, :30]], left.values[order[:, 30:60]])
        mixed.append((1 + (permuted >= whole(left.of(0), left.of(1))).sum()) / 100)
    assert uniformity("as a pair", np.array(alone)[:, None]) > ALARM
    assert uniformity("over all three groups", np.array(mixed)[:, None]) < ALARM

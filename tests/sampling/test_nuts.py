"""NUTS: closed forms, seeds, one compilation for many designs, and the compiled engine's posterior.

The quick tests share one compiled graph (half a minute where nothing was compiled before).
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, kstest

import bayescov as bc
from bayescov.cohort.table import Cohort
from bayescov.design import prepare, to_edges
from bayescov.errors import ModelError
from bayescov.model import load_model
from bayescov.model.forward import draw_covariances, draw_point, draw_volumes
from bayescov.sampling import nuts
from bayescov.sampling.convergence import ess_bulk, rhat
from bayescov.sampling.diagnostics import diagnose
from bayescov.sampling.mixing import mixing
from bayescov.sampling.nuts import sample_nuts
from bayescov.sampling.tree import assemble

from .fakes import small_design

# Means as good as known (all zero), so that Sigma_g | Y ~ InverseWishart(kappa + p + 1 + n_g, kappa I + Y'Y).
KNOWN = load_model("separate").change(
    mean={"intercept_sd": 1e-6, "shift_sd": 1e-6, "spread_scale": 1e-6, "site_scale": 1e-6}
)


@pytest.fixture(scope="module")
def design():
    return small_design(sizes=(14, 12), covariates="age")


@pytest.fixture(scope="module")
def known(design):
    return sample_nuts(KNOWN, design, seed=1, draws=1500, tune=300)


def scatter_and_dof(design, g, halve=False):
    own = design.y.values[design.population.values == g]
    kappa, p = KNOWN.dense.median, len(design.regions)
    dof = kappa + p + 1 + len(own) / (2 if halve else 1)
    return kappa * np.eye(p) + own.T @ own, dof


@pytest.mark.parametrize("halve", [False, True])
def test_with_known_means_draws_have_the_inverse_wisharts_moments(design, known, halve):
    """And would not, with half the degrees of freedom."""
    posterior, _ = known
    distances = []
    for g in range(len(design.populations)):
        psi, dof = scatter_and_dof(design, g, halve)
        variance = posterior["sd"][:, :, g] ** 2
        expected = np.diag(psi) / (dof - len(psi) - 1)
        error = variance.std(axis=(0, 1)) / np.sqrt(ess_bulk(variance))
        distances.append(np.abs(variance.mean(axis=(0, 1)) - expected) / error)
        i, j = np.triu_indices(len(psi), 1)
        covariance = posterior["correlation"][:, :, g] * (
            posterior["sd"][:, :, g, i] * posterior["sd"][:, :, g, j]
        )
        error = covariance.std(axis=(0, 1)) / np.sqrt(ess_bulk(covariance))
        distances.append(np.abs(covariance.mean(axis=(0, 1)) - to_edges(psi) / (dof - len(psi) - 1)) / error)
    assert bool(max(d.max() for d in distances) < 4.5) is not halve


def test_shapes_are_those_of_a_fit(design, known):
    posterior, stats = known
    tree = assemble(design, KNOWN, posterior, sample_stats=stats, seed=1, engine="nuts", settings={})
    found = diagnose(tree)
    assert found.ok is True
    assert found.divergences == int(stats["diverging"].sum())
    assert set(stats) >= {"diverging", "acceptance_rate", "n_steps", "step_size", "energy", "lp"}
    assert tree["posterior"]["slope"].dims == ("chain", "draw", "covariate", "region")
    assert "kappa" not in posterior, "it is fixed"
    assert "shared_correlation" not in posterior


def test_the_same_seed_gives_the_same_draws_whatever_the_cores(design):
    runs = [
        sample_nuts(KNOWN, design, seed=s, draws=60, tune=60, cores=c)[0] for s, c in ((5, 1), (5, 4), (6, 4))
    ]
    for name, values in runs[0].items():
        np.testing.assert_array_equal(values, runs[1][name])
    assert not np.array_equal(runs[0]["correlation"], runs[2]["correlation"])
    assert not np.array_equal(runs[0]["correlation"][0], runs[0]["correlation"][1]), "chains differ"


def test_what_the_graph_does_not_cover_is_said_before_anything_is_compiled(design):
    with pytest.raises(ModelError, match="use engine='gibbs'"):
        sample_nuts(load_model("sparse"), design, seed=1)


# --- minutes: the pooled model ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_compilation_serves_other_volumes_of_the_same_size(design, monkeypatch):
    other = small_design(seed=3, sizes=(9, 20), covariates="age")
    reused = sample_nuts(KNOWN, other, seed=2, draws=60, tune=60)[0]
    assert len(nuts._compiled) == 1
    monkeypatch.setattr(nuts, "_compiled", type(nuts._compiled)())
    afresh = sample_nuts(KNOWN, other, seed=2, draws=60, tune=60)[0]
    for name, values in reused.items():
        np.testing.assert_array_equal(values, afresh[name])
    assert not np.array_equal(
        reused["mean"], sample_nuts(KNOWN, design, seed=2, draws=60, tune=60)[0]["mean"]
    )


def pooled_design(seed, sizes=(12, 11, 10)):
    return small_design(seed=seed, sizes=sizes, covariates="age", site="scanner")


def assert_same_posterior(ours, theirs):
    """Means and second moments, within Monte Carlo error."""
    assert ours.keys() == theirs.keys()
    worst = {}
    for name in ours.keys() - {"kappa"}:
        for moment in (lambda x: x, np.square):
            a, b = moment(ours[name]), moment(theirs[name])
            error = np.sqrt(sum(x.var(axis=(0, 1)) / ess_bulk(x) for x in (a, b)))
            distance = np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1))) / error
            worst[name] = max(worst.get(name, 0), float(distance.max()))
    assert max(worst.values()) < 5, worst


def test_kappa_is_drawn_where_nothing_else_is_shared():
    """And each group's where it has its own; a slow test below holds the posterior against NUTS's."""
    for each in (False, True):
        spec = load_model("separate").change(dense={"median": 2.0, "width": 1.0, "per_population": each})
        fit = bc.fit(small_design(), spec, draws=200, tune=200, chains=2, min_ess=0, seed=1, progress=False)
        assert len(np.unique(fit["posterior"]["kappa"])) > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "design"),
    [
        (load_model("pooled"), pooled_design(4, sizes=(25, 22, 20))),
        (
            load_model("separate").change(dense={"median": 2.0, "width": 1.0}),
            small_design(seed=4, sizes=(25, 22, 20), covariates=""),
        ),
    ],
    ids=["sites and covariates", "kappa alone"],
)
def test_agrees_with_the_compiled_engine(spec, design):
    """Both posteriors of one table, within Monte Carlo error."""
    from bayescov.sampling.gibbs import sample_gibbs

    ours, stats = sample_nuts(spec, design, seed=1, draws=4000, tune=800)
    assert stats["diverging"].mean() < 0.001
    theirs, _, _ = sample_gibbs(
        spec, design, seed=np.random.SeedSequence(2), draws=8000, tune=1000, chains=4, max_draws=8000, cores=2
    )
    assert max(rhat(x).max() for x in ours.values()) < 1.02
    assert_same_posterior(ours, theirs)


@pytest.mark.slow
def test_pooled_is_calibrated_by_simulation():
    """Simulation-based calibration: the rank of the truth among the draws is uniform (Talts et al. 2018)."""
    spec, runs, thin, kept = load_model("pooled"), 160, 10, 99
    design = small_design(sizes=(12, 11, 10), covariates="age")
    ranks = {}
    for seed in np.random.SeedSequence(7).spawn(runs):
        rng = np.random.default_rng(seed)
        point = draw_point(spec, design, seed=rng)
        sigma = draw_covariances(spec, design, point, seed=rng)
        design.y.values[:] = draw_volumes(spec, design, point, sigma, seed=rng)
        found, _ = sample_nuts(spec, design, seed=seed, draws=kept * thin // 2 + thin, tune=500, chains=2)
        sd = np.sqrt(np.diagonal(sigma, axis1=1, axis2=2))
        truth = {
            "correlation": to_edges(sigma / (sd[:, :, None] * sd[:, None, :])),
            "sd": sd,
            "mean": point["intercept"] + np.vstack([np.zeros(len(design.regions)), point["mean_difference"]]),
        }
        shared = (
            "kappa",
            "shared_correlation",
            "mean_shift",
            "mean_spread",
            "slope",
            "slope_spread",
            "spread_shift",
        )
        truth |= {name: point[name] for name in (*shared, "spread_size")}
        for name, value in truth.items():
            draws = found[name][:, ::thin].reshape(-1, *np.shape(value))[:kept]
            ranks.setdefault(name, []).append((draws < value).sum(axis=0))
    suspicious = {}
    for name, values in ranks.items():
        table = np.array(values).reshape(runs, -1)
        for column in table.T:
            counts = np.histogram(column, bins=10, range=(-0.5, kept + 0.5))[0]
            suspicious.setdefault(name, []).append(chisquare(counts).pvalue)
    pvalues = np.concatenate(list(suspicious.values()))
    # 50 or so columns, many of them dependent
    assert pvalues.min() > 0.05 / (10 * len(pvalues)), {k: min(v) for k, v in suspicious.items()}
    assert kstest(pvalues, "uniform").pvalue > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("model", ["separate", "pooled"])
def test_both_engines_agree_on_a_real_table(shared, model):
    """ds003653: NUTS has mixed without divergences, and the compiled sampler finds the same posterior."""
    from bayescov.sampling.gibbs import sample_gibbs

    table = pd.read_csv(shared / "data" / "ds003653_depression" / "ds003653_volumes.csv")
    table = table[table["group"].isin(["HC", "UD"])].set_index("participant_id")
    structures = ("Thalamus", "Caudate", "Putamen", "Pallidum", "Hippocampus", "Amygdala", "Accumbens-area")
    regions = [f"{side}-{structure}" for side in ("Left", "Right") for structure in structures]
    people = table[["age", "sex"]].assign(icv=table["EstimatedTotalIntraCranialVol"])
    cohort = Cohort.from_frames(table[regions], table["group"], control="HC", covariates=people)
    spec, design = load_model(model), prepare(cohort, covariates="age + sex + log(icv)")
    ours, stats = sample_nuts(spec, design, seed=2023, draws=2000)
    ess, largest = mixing(ours)
    assert ess >= 400
    assert largest <= 1.01
    assert stats["diverging"].sum() == 0
    theirs, _, _ = sample_gibbs(
        spec, design, seed=np.random.SeedSequence(1), draws=8000, tune=1000, chains=4, max_draws=8000, cores=2
    )
    assert_same_posterior(ours, theirs)

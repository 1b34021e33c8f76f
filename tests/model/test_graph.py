"""The PyMC graph is the referee's density: at draws from the prior, gradients and Jacobians included."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from pymc.model.transform.conditioning import remove_value_transforms

from bayescov.design import from_edges, to_edges
from bayescov.errors import ModelError
from bayescov.model import load_model
from bayescov.model.density import (
    log_density,
    log_likelihood,
    prior_centers,
    residual_scatter,
)
from bayescov.model.forward import draw_correlation_matrix, draw_point
from bayescov.model.graph import build_model, correlation_edges, cross_product_factors, graph_data
from bayescov.model.operations import correlation_terms, edges_of_free, scatter_logdet
from bayescov.model.priors import log_correlation_prior, prior_terms

from .designs import random_design

POOLED = load_model("pooled")
SPECS = {
    "separate": load_model("separate"),
    "pooled": POOLED,
    "pooled, lkj": POOLED.change(shared={"family": "lkj", "eta": 2.0}, dense={"per_population": True}),
    "pooled, kappa fixed": POOLED.change(dense={"width": 0.0}, shared={"eta": 1.5}),
}
DESIGNS = {
    "plain": {"covariates": "", "regions": 2, "sizes": (9, 8)},
    "covariates and sites": {"covariates": "age + icv", "site": True, "regions": 4, "sizes": (12, 5, 9)},
}


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """Graphs are run step by step by Python: the tests look at few points."""
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        yield


def free_values(point, design):
    """The graph's free variables at a point of the referee, and the log Jacobian from the point to them."""
    values = {k: np.asarray(v, dtype=float) for k, v in point.items()}
    mixing = graph_data(design)["mixing"]
    values["intercept_mixed"] = np.linalg.solve(mixing, values["intercept"])
    jacobian = np.linalg.slogdet(mixing)[1]
    regions = len(values["intercept"])
    pairs = [
        ("mean", "mean_difference", "mean_shift", "mean_spread"),
        ("slope", "slope", "slope_mean", "slope_spread"),
    ]
    if "log_scale" in values:
        control = values["log_scale"][0]
        values |= {"log_scale_control": control, "ratio": values["log_scale"][1:] - control}
        pairs.append(("log_scale", "ratio", "spread_shift", "spread_size"))
    for name, scattered, shift, spread in pairs:
        if scattered in values:
            distance = (values[scattered] - values[shift][:, None]) / values[spread][:, None]
            jacobian += regions * np.log(values[spread]).sum()
            symmetry = values.get(f"{name}_symmetry", np.zeros(len(distance)))
            values[f"{name}_offset"], more = told_apart(distance, symmetry)
            jacobian += more
    if "site_effect" in values:
        effect = values["site_effect"] / values["site_spread"]
        jacobian += values["site_effect"].size * np.log(values["site_spread"])
        values["site_offset"], more = told_apart(effect, np.repeat(values["site_symmetry"], len(effect)))
        jacobian += more
    return values, jacobian


def told_apart(rows, symmetry):
    """Independent offsets of rows in which the first two regions are homologues, and the log Jacobian."""
    offsets, jacobian = [], 0.0
    for row, correlation in zip(rows, symmetry, strict=True):
        matrix = np.eye(len(row))
        matrix[0, 1] = matrix[1, 0] = correlation
        root = np.linalg.cholesky(matrix)
        offsets.append(np.linalg.solve(root, row))
        jacobian += np.linalg.slogdet(root)[1]
    return np.array(offsets), jacobian


@pytest.mark.parametrize("layout", DESIGNS)
@pytest.mark.parametrize("name", SPECS)
def test_log_density_is_the_referees(name, layout):
    spec, design = SPECS[name], random_design(**DESIGNS[layout])
    graph = remove_value_transforms(build_model(spec, design))
    logp = graph.compile_logp(jacobian=False)
    for seed in range(8):
        point = draw_point(spec, design, seed=seed)
        values, jacobian = free_values(point, design)
        found = logp({v.name: values[v.name] for v in graph.value_vars})
        assert found - jacobian == pytest.approx(log_density(spec, design, point), rel=1e-8)


def test_a_fault_in_either_is_found():
    """Negative control: a prior a little wider, half the kappa, or a Jacobian left out, and they differ."""
    spec, design = POOLED, random_design(**DESIGNS["covariates and sites"])
    graph = remove_value_transforms(build_model(spec, design))
    logp = graph.compile_logp(jacobian=False)
    point = draw_point(spec, design, seed=1)
    values, jacobian = free_values(point, design)
    found = logp({v.name: values[v.name] for v in graph.value_vars}) - jacobian
    for wrong in (
        {"mean": {"site_scale": 1.01}},
        {"mean": {"symmetry_a": 1.1}},
        {"spread": {"control_sd": 0.52}},
        {"shared": {"eta": 1.01}},
    ):
        assert found != pytest.approx(log_density(spec.change(**wrong), design, point), rel=1e-6)
    assert found != pytest.approx(log_density(spec, design, point | {"kappa": point["kappa"] / 2}), rel=1e-6)
    assert found + jacobian != pytest.approx(log_density(spec, design, point), rel=1e-6), (
        "the Jacobian counts"
    )


def test_the_density_with_jacobian_is_that_of_the_moved_numbers():
    """Jacobians by finite differences: of every transform at once, from the sampler's numbers to the referee's."""
    spec, design = SPECS["pooled, lkj"], random_design(**DESIGNS["plain"])
    model = build_model(spec, design)
    start = model.initial_point(random_seed=3)
    rng = np.random.default_rng(4)
    start = {k: v + 0.3 * rng.standard_normal(np.shape(v)) for k, v in start.items()}
    difference = model.compile_logp()(start) - model.compile_logp(jacobian=False)(start)
    constrained = pm.modelcontext(model).replace_rvs_by_values(model.free_RVs)
    move = pytensor.function(
        [model.rvs_to_values[v] for v in model.free_RVs], constrained, on_unused_input="ignore"
    )
    names = [model.rvs_to_values[v].name for v in model.free_RVs]

    def moved(flat):
        at, arguments = 0, []
        for name in names:
            size = np.size(start[name])
            arguments.append(flat[at : at + size].reshape(np.shape(start[name])))
            at += size
        return np.concatenate([np.ravel(x) for x in move(*arguments)])

    flat = np.concatenate([np.ravel(start[n]) for n in names])
    jacobian = numeric_jacobian(moved, flat)
    assert difference == pytest.approx(np.linalg.slogdet(jacobian)[1], rel=1e-6)


def numeric_jacobian(function, x, step=1e-5):
    columns = []
    for i in range(len(x)):
        away = np.zeros(len(x))
        away[i] = step
        columns.append((function(x + away) - function(x - away)) / (2 * step))
    return np.array(columns).T


def test_gradient_by_finite_differences():
    spec, design = SPECS["pooled"], random_design(**DESIGNS["covariates and sites"])
    model = build_model(spec, design)
    start = model.initial_point(random_seed=5)
    rng = np.random.default_rng(6)
    start = {k: v + 0.3 * rng.standard_normal(np.shape(v)) for k, v in start.items()}
    logp, gradient = model.compile_logp(), model.compile_dlogp()(start)
    names = [v.name for v in model.value_vars]
    at = 0
    for name in names:
        flat = np.ravel(start[name])

        def along(x, name=name):
            return np.array([logp(start | {name: x.reshape(np.shape(start[name]))})])

        expected = numeric_jacobian(along, flat, step=1e-6)[0]
        np.testing.assert_allclose(
            gradient[at : at + flat.size], expected, rtol=2e-5, atol=2e-5, err_msg=name
        )
        at += flat.size


# --- the shared correlation matrix --------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [2, 3, 5])
def test_the_lkj_family_is_pymcs(p):
    """PyMC's variable is the Cholesky factor: its density has the Jacobian of the factor, ours has not."""
    matrix = draw_correlation_matrix(p, "marginal", 1.0, seed=p)
    factor = np.linalg.cholesky(matrix)
    theirs = pm.logp(pm.LKJCorr.dist(n=p, eta=1.7), factor).eval()
    jacobian = np.arange(p - 1, -1, -1) @ np.log(np.diag(factor))
    assert log_correlation_prior(matrix, "lkj", 1.7) == pytest.approx(theirs - jacobian)


@pytest.mark.parametrize("family", ["lkj", "marginal"])
def test_density_draws_and_support_of_the_edges(family):
    p = 4
    with pm.Model() as model:
        edges = correlation_edges("edges", p, family, 1.5)
    logp = remove_value_transforms(model).compile_logp(jacobian=False)
    drawn = pm.draw(edges, 20, random_seed=1)
    assert drawn.shape == (20, p * (p - 1) // 2)
    for row in drawn:
        assert logp({"edges": row}) == pytest.approx(
            log_correlation_prior(from_edges(row), family, 1.5), rel=1e-9
        )
    impossible = np.array([0.9, 0.9, 0.0, -0.9, 0.0, 0.0])
    assert np.linalg.eigvalsh(from_edges(impossible))[0] < 0
    assert logp({"edges": impossible}) == -np.inf
    np.testing.assert_array_equal(drawn, pm.draw(edges, 20, random_seed=1))


@pytest.mark.slow
def test_pymcs_own_lkj_has_the_right_moments():
    """6.0 to 6.3 gave E[r^2] = .332; it is .25 for three regions and eta = 1."""
    factors = pm.draw(pm.LKJCorr.dist(n=3, eta=1.0), 4000, random_seed=2)
    squares = (factors @ np.swapaxes(factors, 1, 2))[:, [0, 0, 1], [1, 2, 2]] ** 2
    np.testing.assert_allclose(squares.mean(axis=0), 0.25, atol=4.5 * squares.std() / np.sqrt(4000))


@pytest.mark.parametrize("p", [2, 3, 6])
def test_the_rows_transform(p):
    with pm.Model() as model:
        edges = correlation_edges("edges", p, "lkj", 1.0)
    transform = model.rvs_to_transforms[edges]
    value = pt.vector("value")
    there = pytensor.function([value], transform.backward(value))
    back = pytensor.function([value], transform.forward(value))
    log_jacobian = pytensor.function([value], transform.log_jac_det(value))
    free = np.random.default_rng(p).standard_normal(p * (p - 1) // 2)
    matrix = from_edges(there(free))
    assert np.linalg.eigvalsh(matrix)[0] > 0
    np.testing.assert_allclose(back(there(free)), free, rtol=1e-9)
    numeric = np.linalg.slogdet(numeric_jacobian(there, free))[1]
    assert log_jacobian(free) == pytest.approx(numeric, rel=1e-6)
    assert log_jacobian(free) != pytest.approx(0.0, abs=1e-3), "negative control: there is a Jacobian"


# --- the compiled operations ------------------------------------------------------------------------------------------


def test_operations_against_numpy_and_their_gradients():
    rng = np.random.default_rng(7)
    p, groups, shared = 4, 3, 2
    design = random_design(regions=p, covariates="age + icv", sizes=(9, 8, 7))
    free = rng.standard_normal(p * (p - 1) // 2)
    value = edges_of_free(pt.as_tensor(free)).eval()
    edges = value[:-1]
    matrix = from_edges(edges)
    assert value[-1] == pytest.approx(np.linalg.slogdet(matrix)[1])
    found = correlation_terms(pt.as_tensor(edges)).eval()
    expected = [np.linalg.slogdet(matrix)[1], *np.log(np.diag(np.linalg.inv(matrix)))]
    np.testing.assert_allclose(found, expected)
    inputs = [
        cross_product_factors(design), rng.standard_normal((groups, p)), rng.standard_normal((shared, p)),
        0.3 * rng.standard_normal((groups, p)), edges, rng.normal(3, 1, groups),
    ]  # fmt: skip
    determinants = scatter_logdet(*map(pt.as_tensor, inputs)).eval()
    point = {"intercept": inputs[1][0], "mean_difference": inputs[1][1:] - inputs[1][0], "slope": inputs[2]}
    scatter = residual_scatter(POOLED, design, point)
    for g in range(groups):
        scale = np.exp(inputs[3][g] + inputs[5][g] / 2)
        total = scale[:, None] * matrix * scale + scatter[g]
        assert determinants[g] == pytest.approx(np.linalg.slogdet(total)[1], rel=1e-12)
    check = {"rng": np.random.RandomState(8), "eps": 1e-6}
    pytensor.gradient.verify_grad(edges_of_free, [free], **check)
    pytensor.gradient.verify_grad(correlation_terms, [edges], **check)
    pytensor.gradient.verify_grad(lambda *x: scatter_logdet(inputs[0], *x), inputs[1:], **check)


def test_operations_outside_their_support():
    impossible = np.array([0.9, 0.9, -0.9])
    assert correlation_terms(pt.as_tensor(impossible)).eval()[0] == -np.inf
    huge = np.eye(3)[None].repeat(2, axis=0) * 0
    with pytest.raises(TypeError, match="takes arrays of"):
        scatter_logdet(huge, impossible, huge, huge, impossible, impossible)


# --- the graph as an object -------------------------------------------------------------------------------------------


def test_dimensions_have_names_and_no_matrix_is_square():
    design = random_design(**DESIGNS["covariates and sites"])
    model = build_model(POOLED, design)
    assert tuple(model.coords["population"]) == design.populations
    assert tuple(model.coords["patient"]) == design.patients
    assert tuple(model.coords["site"]) == design.sites[1:]
    assert tuple(model.coords["subject"]) == design.subjects
    dims = model.named_vars_to_dims
    assert dims["mean_difference"] == ("patient", "region")
    assert dims["slope"] == ("covariate", "region")
    assert dims["log_scale"] == ("population", "region")
    assert dims["site_effect"] == ("site", "region")
    assert dims["shared_correlation"] == ("edge",)
    for variable in model.free_RVs + model.deterministics:
        kept = dims.get(variable.name, ())
        assert len(kept) == variable.ndim, variable.name
        assert "region_of" not in kept


def test_the_size_does_not_grow_with_the_people():
    few, many = (random_design(sizes=(n, n), covariates="age") for n in (8, 400))
    assert cross_product_factors(few).shape == cross_product_factors(many).shape


def test_fewer_people_than_regions():
    design = random_design(sizes=(4, 3), regions=6, covariates="age")
    spec = SPECS["separate"]
    graph = remove_value_transforms(build_model(spec, design))
    point = draw_point(spec, design, seed=1)
    values, jacobian = free_values(point, design)
    found = graph.compile_logp(jacobian=False)({v.name: values[v.name] for v in graph.value_vars})
    assert found - jacobian == pytest.approx(log_density(spec, design, point), rel=1e-8)


def test_pymcs_log_likelihood_and_log_prior_of_draws():
    """Names of transforms have misled these functions; here they are the referee's terms."""
    spec, design = POOLED, random_design(**DESIGNS["plain"])
    model = build_model(spec, design)
    points = [draw_point(spec, design, seed=s) for s in range(3)]
    values = [free_values(p, design)[0] for p in points]
    arrays = {
        v.name: (
            ("chain", "draw", *[f"{v.name}_{i}" for i in range(v.ndim)]),
            np.array([[x[v.name] for x in values]]),
        )
        for v in model.free_RVs
    }
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(arrays)})
    with model:
        likelihood = pm.compute_log_likelihood(tree, progressbar=False)["log_likelihood"]["cross_products"]
        prior = pm.stats.compute_log_prior(tree, progressbar=False)["log_prior"]
    assert likelihood.dims == ("chain", "draw", "population")
    for i, point in enumerate(points):
        assert likelihood.values[0, i].sum() == pytest.approx(log_likelihood(spec, design, point), rel=1e-9)
        terms = prior_terms(spec, design, point)
        assert prior["shared_correlation"].values[0, i] == pytest.approx(
            terms["shared_correlation"], rel=1e-9
        )
        assert prior["kappa"].values[0, i] == pytest.approx(terms["kappa"], rel=1e-9)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (load_model("sparse"), "departures at single edges"),
        (load_model("adaptive"), "departures at single edges"),
        (POOLED.change(dense={"atom": 0.3}), "kappa = infinity"),
        (POOLED.change(dense=None), "no \\[dense\\] section"),
        (POOLED.change(likelihood={"family": "student"}), "the likelihood 'student'"),
    ],
)
def test_models_beyond_the_graph_are_refused(spec, why):
    with pytest.raises(ModelError, match=f"{why}.*use engine='gibbs'"):
        build_model(spec, random_design())


def test_missing_volumes_are_refused_by_name():
    design = random_design()
    design.y.values[4, 2] = np.nan
    with pytest.raises(
        ModelError, match=r"1 volumes are missing \(the first: region-2 of subject s4\).*engine='gibbs'"
    ):
        build_model(POOLED, design)


def test_to_edges_order_is_the_kernels():
    matrix = from_edges(np.arange(1.0, 7.0) / 10)
    np.testing.assert_array_equal(to_edges(matrix), np.arange(1.0, 7.0) / 10)
    point = draw_point(POOLED, random_design(regions=4), seed=2)
    center = prior_centers(POOLED, random_design(regions=4), point)[0]
    scale = np.exp(point["log_scale"][0])
    np.testing.assert_allclose(to_edges(center / np.outer(scale, scale)), point["shared_correlation"])

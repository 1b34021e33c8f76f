"""Joint tests of single blocks (Geweke 2004): each leaves the joint distribution of parameters and people as it is.

A point is drawn from the prior and people from the point, by `bayescov.model.forward`, which shares no code with the
sampler; the block acts on that very point; then everything is distributed as before. Comparing each point with itself after
the block, what changed must be zero on average. Unlike the ranks of whole chains this says which block is at fault.
"""

from dataclasses import replace

import numpy as np

from bayescov.design import from_edges, to_edges
from bayescov.model.density import prior_centers
from bayescov.model.forward import draw_covariances, draw_point, draw_volumes
from bayescov.sampling.compiled import Plan, compiled
from bayescov.sampling.gibbs import empty_draws
from bayescov.sampling.kernels import blocks, level, means
from bayescov.sampling.kernels.closeness import INFINITE
from bayescov.sampling.start import data_of, prior_of, start_state
from tests.model.designs import random_design
from tests.sampling.callable import from_python
from tests.sampling.sbc import SIZES

store_shared, fill_pull = from_python(blocks.store_shared), from_python(level.fill_pull)
cross_products, residual_scatter = from_python(means.cross_products), from_python(means.residual_scatter)


def z_scores(spec, chosen, *, repetitions, seed, missing=0.0, fitted=None, many_regions=False):
    """name -> standard scores of the mean change of each quantity when the `chosen` blocks act on draws from the prior.

    `fitted`: the spec the sampler is given, if a wrong one; `many_regions`: the blocks go about as where there are many. What no
    block moves is left out.
    """
    changes, run = {}, None
    people = random_design(sizes=SIZES, seed=seed)
    for child in np.random.SeedSequence(seed).spawn(repetitions):
        rng = np.random.default_rng(child)
        point = draw_point(spec, people, seed=rng)
        sigma = draw_covariances(spec, people, point, seed=rng)
        y = draw_volumes(spec, people, point, sigma, seed=rng)
        seen = np.where(rng.random(y.shape) < missing, np.nan, y)
        design = replace(people, y=people.y.copy(data=seen))
        data = data_of(fitted or spec, design)._replace(many_regions=many_regions)
        state = state_at(spec, design, point, sigma, y, data, rng)
        arguments = (
            rng,
            data,
            prior_of(fitted or spec, len(people.populations)),
            state,
            empty_draws(data, 0, design),
        )
        run = run or compiled(Plan(chosen, [], []), arguments)
        before = quantities(state, data)
        run(*arguments, 0, 2, 1, False, 0)
        for name, value in quantities(state, data).items():
            changes.setdefault(name, []).append(value - before[name])
    found = {}
    for name, each in changes.items():
        change = np.array(each)
        error = change.std(axis=0) / np.sqrt(len(change))
        if (error > 0).any():
            found[name] = change.mean(axis=0)[error > 0] / error[error > 0]
    return found


def state_at(spec, design, point, sigma, full, data, rng):
    """The sampler's state at a point of the prior."""
    state = start_state(spec, data, design, rng)
    groups, p = state.log_d.shape
    k = len(design.covariates)
    state.y[:] = full
    state.weight[:] = point["weight"]
    state.dof[0] = point["dof"]
    state.w[:] = np.vstack([point["intercept"], point["mean_difference"], point["slope"]])
    state.row_mean[1 : groups + k] = [*point["mean_shift"], *point["slope_mean"]]
    state.row_sd[1 : groups + k] = [*point["mean_spread"], *point["slope_spread"]]
    state.row_symmetry[1 : groups + k] = [*point["mean_symmetry"], *point["slope_symmetry"]]
    state.row_included[1:groups], state.row_share[1:groups] = point["mean_included"], point["mean_share"]
    state.sigma[:], state.omega[:] = sigma, np.linalg.inv(sigma)
    cross_products(data.regressors, state.y, state.weight, data.codes, state.xx, state.xy, state.yy)
    residual_scatter(state.xx, state.xy, state.yy, state.w, state.scatter)
    state.kappa[:] = np.where(np.isinf(point["kappa"]), INFINITE, point["kappa"])
    state.coupling[1:] = point["coupling"]
    state.attenuation[1:] = point["attenuation"]
    first = spec.first_departing(groups)
    state.included[first:] = from_edges(point["included"], 0)
    state.delta[first:] = from_edges(point["departure"], 0.0)
    state.n_active[first:] = point["included"].sum(axis=1)
    state.share[first:], state.size[first:] = point["share"], point["size"]
    state.scale[:], state.level[0] = 1 / point["shared_scale"], point["shared_level"]
    fill_pull(state.scale, state.level[0], state.pull)
    state.log_d[:] = point["log_scale"]
    scale = np.exp(state.log_d)
    state.shared[:] = from_edges(point["shared_correlation"])
    state.center[:] = prior_centers(spec, design, point) / (scale[:, :, None] * scale[:, None, :])
    state.scaled[:] = state.scatter / (scale[:, :, None] * scale[:, None, :])
    store_shared(state.shared, state.log_d[0], state.anchor, state.u)
    shift, size = point["spread_shift"], point["spread_size"]
    ratio = (state.log_d[1:] - state.log_d[0] - shift[:, None]) / size[:, None]
    state.u[p * (p + 1) // 2 :] = [*ratio.ravel(), *shift, *size]
    return state


def quantities(state, data):
    """name -> vector: the parameters, on scales with moments, and how they fit the people."""
    groups, p = state.log_d.shape
    tail = p * (p + 1) // 2 + (groups - 1) * p
    scale = np.exp(state.log_d)
    scatter = state.scatter / (scale[:, :, None] * scale[:, None, :])
    coupling, kept = state.coupling[1:], state.attenuation[1:].ravel()
    return {
        "shared": _with_sizes(np.arctanh(to_edges(state.shared))),
        "log_d": _with_sizes(state.log_d.ravel()),
        "ratio": np.append(state.u[tail : tail + groups - 1], np.abs(state.u[tail + groups - 1 :])),
        "level": np.append(state.level, np.log(state.scale)),
        "closeness": state.kappa / (state.kappa + 100),
        "coupling": np.append(_with_sizes(coupling), coupling != 0),
        # Where something is lost, by how much from its mean of a third: what comes and goes says nothing there.
        "attenuation": np.append(kept == 1, np.where(kept < 1, kept - 1 / 3, 0.0)),
        "included": to_edges(state.included).ravel().astype(float),
        "departure": _with_sizes(to_edges(state.delta).ravel()),
        "share": np.concatenate([state.share, np.log(state.size)]),
        "mean": _with_sizes(state.w.ravel()),
        "mean_included": np.append(state.row_included, state.row_share),
        "rows": np.concatenate([state.row_mean, np.log(state.row_sd), state.row_symmetry]),
        "people": np.concatenate([np.log(state.dof - 2), np.log(state.weight)]),
        "missing": _with_sizes(state.y[data.missing]).reshape(2, -1).sum(axis=1),
        "sigma": np.log(np.diagonal(state.sigma, axis1=1, axis2=2)).ravel(),
        "fit": np.concatenate(
            [
                np.linalg.slogdet(state.center + scatter / state.kappa[:, None, None])[1],
                np.log1p(np.einsum("gij,gji->g", state.omega, state.scatter)),
                np.log1p(np.diagonal(scatter, axis1=1, axis2=2)).ravel(),
            ]
        ),
    }


def _with_sizes(values):
    """The values and how far they are from zero: a prior too narrow or too wide shows in those."""
    return np.concatenate([values, np.abs(values)])

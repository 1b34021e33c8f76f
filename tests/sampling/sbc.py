"""Simulation-based calibration (Talts et al. 2018): ranks of prior draws among their posterior draws are uniform.

Parameters and people are drawn forwards from `bayescov.model.forward`, which shares no code with the sampler.
"""

from dataclasses import replace

import numpy as np
from scipy import stats

from bayescov.design import to_edges
from bayescov.model.forward import draw_covariances, draw_point, draw_volumes
from bayescov.sampling.gibbs import sample_gibbs
from tests.model.designs import random_design

SIZES = (7, 8, 9)
DRAWS = 59  # ranks 0..59: ten bins of six
BINS = 10


def simulated(spec, *, seed, missing=0.0, site=False):
    """A design whose volumes were drawn from the model, and everything they were drawn from."""
    rng = np.random.default_rng(seed)
    design = random_design(sizes=SIZES, site=site, seed=seed)
    point = draw_point(spec, design, seed=rng)
    sigma = draw_covariances(spec, design, point, seed=rng)
    y = draw_volumes(spec, design, point, sigma, seed=rng)
    y[rng.random(y.shape) < missing] = np.nan
    return replace(design, y=design.y.copy(data=y)), truth_of(point, sigma)


def truth_of(point, sigma):
    """The point under the names of a fit's variables."""
    sd = np.sqrt(np.diagonal(sigma, axis1=1, axis2=2))
    truth = dict(point)
    truth["correlation"] = to_edges(sigma / (sd[:, :, None] * sd[:, None, :]))
    truth["sd"] = sd
    truth["difference of mean"] = point["mean_difference"]
    if "kappa" in point:
        finite = np.where(np.isinf(point["kappa"]), 0.0, point["kappa"])
        truth["closeness"] = np.where(np.isinf(point["kappa"]), 1.0, finite / (finite + 100.0))
    return truth


def tracked(posterior):
    """name -> (draw, k) of everything that is compared."""
    d = {name: draws[0] for name, draws in posterior.items() if name not in ("kappa", "mean")}
    d["difference of correlation"] = difference_of(d["correlation"])
    mean = posterior["mean"][0]
    d["difference of mean"] = mean[:, 1:] - mean[:, :1]
    return {name: draws.reshape(len(draws), -1).astype(float) for name, draws in d.items()}


def difference_of(correlation):
    """Group minus control, to two digits: the sampler's million people leave noise of .001 where the truth is a tie."""
    return np.round(correlation[..., 1:, :] - correlation[..., :1, :], 2)


def ranks(spec, *, repetitions, seed, missing=0.0, site=False, thin=4, fitted=None):
    """Ranks of each scalar quantity: name -> (repetition, k). `fitted`: the spec the sampler is given, if a wrong one."""
    found = {}
    for child in np.random.SeedSequence(seed).spawn(repetitions):
        design, truth = simulated(spec, seed=child.generate_state(1)[0], missing=missing, site=site)
        truth["difference of correlation"] = difference_of(truth["correlation"])
        posterior, _, _ = sample_gibbs(
            fitted or spec,
            design,
            seed=child,
            draws=DRAWS,
            tune=400,
            chains=1,
            max_draws=DRAWS,
            cores=1,
            thin=thin,
        )
        rng = np.random.default_rng(child)
        for name, draws in tracked(posterior).items():
            if name in truth:
                value = np.ravel(truth[name]).astype(float)
                ties = (draws == value).sum(0)  # indicators and the atom: ties are broken at random
                found.setdefault(name, []).append((draws < value).sum(0) + rng.integers(0, ties + 1))
    return {name: np.array(r) for name, r in found.items()}


def p_values(found):
    """Chi-squared test of uniformity for each quantity: the smallest of its elements, times how many there are."""
    table = {}
    for name, r in found.items():
        each = [stats.chisquare(np.bincount(c * BINS // (DRAWS + 1), minlength=BINS)).pvalue for c in r.T]
        table[name] = min(1.0, min(each) * len(each))
    return table

"""Log prior density of a fit's hyperparameters, draw by draw, on the scale on which each prior is declared.

Raising a density to a power depends on the scale: kappa and tau are taken on the log scale, where their priors are
normal, shares as they are, spreads as they are, and the shared matrix on its correlations.
"""

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.stats import beta, halfnorm, norm

from bayescov.design import from_edges
from bayescov.model.priors import log_attenuation_prior, log_common_prior, log_coupling_prior
from bayescov.model.sections import DensePrior, SharedPrior
from bayescov.model.spec import ModelSpec
from bayescov.posterior.draws import stack_chains, thinned
from bayescov.sampling.tree import spec_of

__all__ = ["log_priors", "shared_log_density"]

Floats = npt.NDArray[np.float64]


def log_priors(fit: xr.DataTree, draws: int) -> dict[str, Floats]:
    """(draw,) for each of its parts: ``kappa``, ``shared``, ``coupling``, ``attenuation``, ``share``, ``size``, ``spread``, ``mean``."""
    spec = spec_of(fit)
    posterior = fit["posterior"]

    def values(name: str) -> Floats:
        drawn = posterior[name].transpose("chain", "draw", ...).to_numpy()
        flat = thinned(stack_chains(drawn), draws).astype(float)
        return flat.reshape(len(flat), -1)

    found: dict[str, Floats] = {}
    if spec.dense is not None and "kappa" in posterior.data_vars:
        found["kappa"] = _kappa(values("kappa"), spec.dense)
    if spec.shared is not None:
        matrices = from_edges(values("shared_correlation"))
        if spec.shared.family == "common":
            drawn = zip(matrices, values("shared_scale"), values("shared_level")[:, 0], strict=True)
            found["shared"] = np.array([log_common_prior(r, s, rho, spec.shared.eta) for r, s, rho in drawn])
        else:
            found["shared"] = shared_log_density(matrices, spec.shared)
    if spec.coupling is not None:
        found["coupling"] = log_coupling_prior(values("coupling"), spec.coupling)
    if spec.attenuation is not None:
        found["attenuation"] = log_attenuation_prior(values("attenuation"), spec.attenuation)
    if spec.sparse is not None:
        found["share"] = beta(spec.sparse.share_a, spec.sparse.share_b).logpdf(values("share"))
        found["size"] = norm(np.log(spec.sparse.size_median), spec.sparse.size_width).logpdf(
            np.log(values("size"))
        )
    if spec.spread is not None:
        found["spread"] = norm(0, spec.spread.shift_sd).logpdf(values("spread_shift"))
        found["spread"] = found["spread"] + halfnorm(0, spec.spread.spread_scale).logpdf(
            values("spread_size")
        )
    found["mean"] = _means(values("mean_shift"), values("mean_spread"), spec)
    if "mean_symmetry" in posterior.data_vars:
        symmetry = beta(spec.mean.symmetry_a, spec.mean.symmetry_b)
        found["mean"] = found["mean"] + symmetry.logpdf(values("mean_symmetry"))
    if spec.focal is not None:
        share = beta(spec.focal.share_a, spec.focal.share_b)
        found["mean"] = found["mean"] + share.logpdf(values("mean_share"))
    return {name: density.sum(axis=-1) if density.ndim == 2 else density for name, density in found.items()}


def shared_log_density(matrices: Floats, prior: SharedPrior) -> Floats:
    """(draw,): log density of correlation matrices (draw, region, region), up to a constant.

    ``lkj``: |R|^(eta - 1). ``marginal``: that of the correlations of InverseWishart(nu, I), nu = p - 1 + 2 eta, which
    is |R|^(-(nu + p + 1) / 2) times the product of the diagonal of R^-1 to the power -nu / 2 (Barnard et al. 2000).
    """
    p = matrices.shape[-1]
    log_det = np.linalg.slogdet(matrices)[1]
    if prior.family == "lkj":
        return np.asarray((prior.eta - 1.0) * log_det)
    nu = p - 1 + 2 * prior.eta
    diagonal = np.diagonal(np.linalg.inv(matrices), axis1=-2, axis2=-1)
    return np.asarray(-(nu + p + 1) / 2 * log_det - nu / 2 * np.log(diagonal).sum(axis=-1))


def _kappa(kappa: Floats, prior: DensePrior) -> Floats:
    """Density of log kappa beside the atom at infinity, each draw's own."""
    infinite = np.isinf(kappa)
    finite = norm(np.log(prior.median), prior.width).logpdf(np.log(np.where(infinite, 1.0, kappa)))
    with np.errstate(divide="ignore"):
        at_infinity = np.log(prior.atom)
    return np.where(infinite, at_infinity, np.log1p(-prior.atom) + finite)


def _means(shift: Floats, spread: Floats, spec: ModelSpec) -> Floats:
    return np.asarray(
        norm(0, spec.mean.shift_sd).logpdf(shift) + halfnorm(0, spec.mean.spread_scale).logpdf(spread)
    )

"""How well a fit foretells each person from all others."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from bayescov.sampling.convergence import ess_mean

__all__ = ["gain_of", "log_predictive_density", "monte_carlo_error"]


def log_predictive_density(log_likelihood: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Log density of each person given all others, by importance sampling.

    Parameters
    ----------
    log_likelihood : ndarray
        (chain, draw, subject), as the compiled sampler records it: the covariance integrated out given the *other*
        people. A person's influence on it is gone already, and little is left for the importance weights to undo.

    Returns
    -------
    ndarray
        (subject,): minus the log of the mean of 1 / density over the draws.

    References
    ----------
    Gelfand, A. E., Dey, D. K. and Chang, H. (1992). Model determination using predictive distributions. Bayesian
    Statistics 4.
    """
    chains, draws, subjects = log_likelihood.shape
    values = log_likelihood.reshape(chains * draws, subjects).astype(float)
    return np.asarray(np.log(len(values)) - logsumexp(-values, axis=0))


def monte_carlo_error(log_likelihood: npt.NDArray[np.floating]) -> float:
    """Standard error, over other draws, of the sum of `log_predictive_density` over people.

    Parameters
    ----------
    log_likelihood : ndarray
        (chain, draw, subject), as in `log_predictive_density`.

    Returns
    -------
    float
        To first order in how far the mean of 1 / density is off; NaN with fewer than four draws a chain.
    """
    logs = np.asarray(log_likelihood, dtype=float)
    # A person's 1 / density in units of its mean: where a draw has more of it, less is foretold.
    part = np.exp(log_predictive_density(logs) - logs).sum(axis=-1)
    return float(part.std(ddof=1) / np.sqrt(ess_mean(part[..., None])[0]))


def gain_of(case: npt.NDArray[np.floating], fit: npt.NDArray[np.floating]) -> dict[str, float]:
    """By how much a special case foretells all people better than the fit, with two standard errors.

    Parameters
    ----------
    case, fit : ndarray
        (chain, draw, subject), as in `log_predictive_density`.

    Returns
    -------
    dict of str to float
        ``log_predictive_gain``, its error over other people, ``log_predictive_gain_se``, and over other draws,
        ``log_predictive_gain_mc_error``.
    """
    better = log_predictive_density(case) - log_predictive_density(fit)
    error = better.std(ddof=1) * math.sqrt(len(better))
    return {
        "log_predictive_gain": float(better.sum()),
        "log_predictive_gain_se": float(error),
        "log_predictive_gain_mc_error": math.hypot(monte_carlo_error(case), monte_carlo_error(fit)),
    }

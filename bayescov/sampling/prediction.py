"""How well a fit foretells each person from all others."""

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

__all__ = ["log_predictive_density"]


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

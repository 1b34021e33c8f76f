"""How often a model that selects edges lets an edge depart from controls, and the Bayes factor for it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.posterior.arguments import draws_of
from bayescov.sampling.tree import spec_of

__all__ = ["Inclusion", "bayes_factor", "inclusion"]

Floats = npt.NDArray[np.float64]


class Inclusion(NamedTuple):
    """Over (patient, edge)."""

    probability: Floats
    bayes_factor: Floats


def inclusion(fit: xr.DataTree) -> Inclusion:
    """Posterior inclusion probability of every edge and its Bayes factor against exclusion."""
    included = draws_of(fit, "included")
    spec = spec_of(fit)
    if spec.sparse is None:
        raise AnswerError(
            f"this fit holds inclusion indicators, but its model {spec.name!r} has no [sparse] section; "
            "the file was changed after sampling: fit again"
        )
    counts = (included > 0).sum(axis=0)
    prior = spec.sparse.share_a / (spec.sparse.share_a + spec.sparse.share_b)
    return Inclusion(counts / len(included), bayes_factor(counts, len(included), prior))


def bayes_factor(counts: npt.ArrayLike, n_draws: int, prior: float) -> Floats:
    """Posterior odds over prior odds; half a draw on either side keeps both ends finite."""
    hits = np.asarray(counts, dtype=float)
    return np.asarray((hits + 0.5) / (n_draws - hits + 0.5) * (1.0 - prior) / prior)

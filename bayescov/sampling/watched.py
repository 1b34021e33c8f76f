"""The compiled sampler, watched until everything has mixed or its budget ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bayescov.design import Design
from bayescov.model.spec import ModelSpec
from bayescov.sampling.progress import Progress

__all__ = ["Effort", "run"]


@dataclass(frozen=True)
class Effort:
    """How long to sample, and with what: the arguments of `fit` of these names."""

    draws: int
    tune: int
    chains: int
    min_ess: float
    cores: int
    progress: bool


def run(
    spec: ModelSpec,
    design: Design,
    seed: np.random.SeedSequence,
    effort: Effort,
    *,
    max_draws: int,
    title: str,
    only: str | None = None,
    share_of: Callable[[npt.NDArray[np.float64] | None], float] | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Draw until every quantity has mixed, `max_draws` a chain at most.

    Parameters
    ----------
    only : str, optional
        Only this variable has to mix.
    share_of : callable, optional
        The share of these draws in an average, from their ``log_likelihood`` so far: so well do they have to mix.

    Returns
    -------
    posterior, sample_stats, settings
        As `bayescov.sampling.gibbs.sample_gibbs` returns them.
    """
    from bayescov.sampling.gibbs import sample_gibbs

    with Progress(title, target=effort.min_ess, show=effort.progress) as bar:

        def watch(
            stage: str, done: int, total: int, posterior: dict[str, Any] | None, densities: Any
        ) -> float:
            if posterior is None:
                return bar.watch(stage, done, total, None)
            watched = posterior if only is None else {only: posterior[only]}
            return bar.watch(stage, done, total, watched, share_of(densities) if share_of else 1.0)

        return sample_gibbs(
            spec, design, seed=seed, draws=effort.draws, tune=effort.tune, chains=effort.chains, max_draws=max_draws,
            cores=effort.cores, watch=watch,
        )  # fmt: skip

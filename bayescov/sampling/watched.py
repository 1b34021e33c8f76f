"""The compiled sampler, watched until everything has mixed or its budget ends."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescov.design import Design
from bayescov.model.spec import ModelSpec
from bayescov.sampling.mixing import LARGEST_RHAT
from bayescov.sampling.progress import Progress

__all__ = ["Effort", "run"]


@dataclass(frozen=True)
class Effort:
    """How long to sample, and with what: the arguments of `fit` of these names, and how far chains may be apart."""

    draws: int
    tune: int
    chains: int
    min_ess: float
    cores: int
    progress: bool
    largest_rhat: float = LARGEST_RHAT


def run(
    spec: ModelSpec,
    design: Design,
    seed: np.random.SeedSequence,
    effort: Effort,
    *,
    max_draws: int,
    title: str,
    only: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Draw until every quantity has mixed (with `only`, those of this variable), `max_draws` a chain at most.

    Returns
    -------
    posterior, sample_stats, settings
        As `bayescov.sampling.gibbs.sample_gibbs` returns them.
    """
    from bayescov.sampling.gibbs import sample_gibbs

    with Progress(
        title, target=effort.min_ess, largest_rhat=effort.largest_rhat, show=effort.progress
    ) as bar:

        def watch(stage: str, done: int, total: int, arrays: dict[str, Any] | None) -> float:
            watched = arrays if arrays is None or only is None else {only: arrays[only]}
            return bar.watch(stage, done, total, watched)

        return sample_gibbs(
            spec, design, seed=seed, draws=effort.draws, tune=effort.tune, chains=effort.chains, max_draws=max_draws,
            cores=effort.cores, watch=watch,
        )  # fmt: skip

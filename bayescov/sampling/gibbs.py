"""The compiled engine: chains in threads, in blocks, until the effective sample size is reached or the budget ends."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bayescov.design import Design
from bayescov.model.spec import ModelSpec
from bayescov.sampling.compiled import compiled, plan_of
from bayescov.sampling.kernels.closeness import INFINITE
from bayescov.sampling.kernels.state import Data, Draws
from bayescov.sampling.learning import learn_blocks, learn_regions
from bayescov.sampling.start import data_of, prior_of, start_state

__all__ = ["sample_gibbs"]

# For more people than this, the density of each of them in every draw takes more room than it is worth.
MOST_PEOPLE = 2000
# Where a chain holds so many times the draws that were asked for and more are wanted, every other one goes.
MOST_HELD = 2

Arrays = dict[str, npt.NDArray[Any]]
Watch = Callable[[str, int, int, Arrays | None, npt.NDArray[np.float64] | None], float]


def sample_gibbs(
    spec: ModelSpec,
    design: Design,
    *,
    seed: np.random.SeedSequence,
    draws: int,
    tune: int,
    chains: int,
    max_draws: int,
    cores: int,
    thin: int = 1,
    watch: Watch | None = None,
) -> tuple[Arrays, Arrays, dict[str, Any]]:
    """Run the chains.

    Parameters
    ----------
    spec, design : ModelSpec, Design
    seed : numpy.random.SeedSequence
        Spawned once a chain: draws depend on neither the number of cores nor their speed.
    draws, tune, chains : int
        Draws kept a chain in the first block; sweeps of warm-up; number of chains.
    max_draws : int
        Where to stop at the latest, draws a chain. Blocks are added until `watch` is content, of as many draws as it wants:
        from a quarter of `draws` to all of them. Where slow mixing wants more than twice `draws`, every other draw is
        given up and there are twice as many sweeps between those to come: what is kept stays evenly spaced, and bounded. Draws
        that were given up count.
    cores : int
        Threads.
    thin : int
        Sweeps a draw, to begin with.
    watch : callable, optional
        ``watch(stage, done, total, posterior, log_likelihood)``: called after each piece of work with stage ``"tune"`` or
        ``"draw"`` and None, and after each block with what was drawn so far (``log_likelihood`` where it was recorded). What it
        returns there are the draws a chain that are still wanted, 0 to stop. Without it one block is drawn.

    Returns
    -------
    posterior : dict of arrays (chain, draw, ...)
    sample_stats : dict of arrays (chain, draw), and ``log_likelihood`` (chain, draw, subject) where it was recorded
    settings : dict
    """
    data, prior = data_of(spec, design), prior_of(spec, len(design.populations))
    generators = [np.random.Generator(np.random.PCG64(s)) for s in seed.spawn(chains)]
    states = [start_state(spec, data, design, rng) for rng in generators]
    blocks: list[list[Draws]] = []
    watch = watch or (lambda *_: 0.0)

    nothing = empty_draws(data, 0, design)
    plan = plan_of(spec, data, densities=nothing.log_likelihood.shape[1] > 0)
    run = compiled(plan, (generators[0], data, prior, states[0], nothing))

    def warm(chain: int, sweeps: int, first: int) -> None:
        run(generators[chain], data, prior, states[chain], nothing, first, sweeps, 1, True, tune)

    def draw(chain: int, count: int, first: int, block: list[Draws], sweeps: int) -> None:
        run(generators[chain], data, prior, states[chain], block[chain], first, count, sweeps, False, tune)

    with threadpool_limits(1), ThreadPoolExecutor(max_workers=max(1, min(cores, chains))) as pool:
        for first, sweeps in _pieces(tune, 6):
            _each(pool, warm, chains, sweeps, first)
            if prior.has_sparse and first > 0:
                learn_blocks(states)
            if prior.has_attenuation and first > 0:
                learn_regions(states)
            watch("tune", first + sweeps, tune, None, None)
        drawn, apart, count = 0, 1, min(draws, max_draws)  # a draw is kept of every `apart`
        while count > 0:
            block = [empty_draws(data, count, design) for _ in range(chains)]
            for first, part in _pieces(count):
                _each(pool, draw, chains, part, first, block, thin * apart)
                watch("draw", drawn + (first + part) * apart, max_draws, None, None)
            drawn += count * apart
            blocks.append(block)
            posterior = _posterior(spec, design, blocks)
            wanted = watch("draw", drawn, max_draws, posterior, _densities(blocks))
            room = drawn + 2 * apart <= max_draws  # for one more, if every other one goes
            if wanted > 0 and room and drawn // apart >= MOST_HELD * draws:
                blocks = [[_every_other(_join([b[c] for b in blocks])) for c in range(chains)]]
                posterior, apart = _posterior(spec, design, blocks), 2 * apart
            count = min(_block(wanted / apart, draws), (max_draws - drawn) // apart)
    joined = [_join([b[c] for b in blocks]) for c in range(chains)]
    stats: Arrays = {}
    if spec.shared is not None:
        stats = {
            "acceptance_rate": np.stack([d.acceptance for d in joined]),
            "diverging": np.stack([d.diverging for d in joined]),
        }
    densities = _densities(blocks)
    if densities is not None:
        stats["log_likelihood"] = densities
    kept = len(joined[0].dof)
    return posterior, stats, {"draws": kept, "tune": tune, "chains": chains, "thin": thin * apart}


def _block(wanted: float, draws: int) -> int:
    """How many draws a chain to add where so many are wanted: quarters of `draws`, at most all of them."""
    quarter = -(-draws // 4)
    return min(draws, quarter * math.ceil(wanted / quarter))


def _pieces(total: int, parts: int = 4) -> list[tuple[int, int]]:
    """(first, count) of a few equal pieces of work, between which the progress is told."""
    edges = np.linspace(0, total, parts + 1).astype(int)
    return [(int(a), int(b - a)) for a, b in pairwise(edges)]


def _each(pool: ThreadPoolExecutor, work: Callable[..., None], chains: int, *arguments: Any) -> None:
    """Run `work(chain, *arguments)` for every chain and wait; the first exception is raised."""
    for future in [pool.submit(work, chain, *arguments) for chain in range(chains)]:
        future.result()


def empty_draws(data: Data, count: int, design: Design) -> Draws:
    n_groups, p, q = len(data.sizes), len(design.regions), data.regressors.shape[1]
    edges = p * (p - 1) // 2
    return Draws(
        correlation=np.empty((count, n_groups, edges)),
        sd=np.empty((count, n_groups, p)),
        w=np.empty((count, q, p)),
        row_mean=np.empty((count, q)),
        row_sd=np.empty((count, q)),
        row_symmetry=np.empty((count, q)),
        row_included=np.empty((count, q, p), dtype=np.int8),
        row_share=np.empty((count, q)),
        shared=np.empty((count, edges)),
        ratio_shift=np.empty((count, n_groups - 1)),
        ratio_size=np.empty((count, n_groups - 1)),
        scale=np.empty((count, p)),
        level=np.empty(count),
        kappa=np.empty((count, n_groups)),
        coupling=np.empty((count, n_groups)),
        attenuation=np.empty((count, n_groups, p)),
        included=np.empty((count, n_groups, edges), dtype=np.int8),
        share=np.empty((count, n_groups)),
        size=np.empty((count, n_groups)),
        dof=np.empty(count),
        acceptance=np.empty(count),
        diverging=np.empty(count, dtype=bool),
        log_likelihood=np.empty((count, len(data.codes) if len(data.codes) <= MOST_PEOPLE else 0)),
    )


def _join(parts: list[Draws]) -> Draws:
    return (
        parts[0]
        if len(parts) == 1
        else Draws(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    )


def _every_other(draws: Draws) -> Draws:
    """Half of the draws, the last among them."""
    return Draws(*(array[(len(array) - 1) % 2 :: 2].copy() for array in draws))


def _densities(blocks: list[list[Draws]]) -> npt.NDArray[np.float64] | None:
    """(chain, draw, subject), None where they were not recorded."""
    chains = zip(*[[chain.log_likelihood for chain in block] for block in blocks], strict=True)
    densities = np.stack([np.concatenate(parts) for parts in chains])
    return densities if densities.shape[2] else None


def _posterior(spec: ModelSpec, design: Design, blocks: list[list[Draws]]) -> Arrays:
    """The variables of a fit, each (chain, draw, ...)."""
    chains = [_join([block[c] for block in blocks]) for c in range(len(blocks[0]))]
    d = Draws(*(np.stack(arrays) for arrays in zip(*chains, strict=True)))
    n_groups, k = len(design.populations), len(design.covariates)
    mean = np.repeat(d.w[:, :, :1], n_groups, axis=2)
    mean[:, :, 1:] += d.w[:, :, 1:n_groups]
    posterior = {"correlation": d.correlation, "sd": d.sd, "mean": mean}
    if design.site is not None:
        effects = d.w[:, :, n_groups + k :]
        share = np.bincount(design.site.values, minlength=len(design.sites))[1:] / len(design.subjects)
        # "at average covariates" includes the mixture of sites that was seen
        posterior["mean"] = mean + np.einsum("s,cdsj->cdj", share, effects)[:, :, None]
        posterior["site_effect"] = effects
        posterior["site_spread"] = d.row_sd[:, :, n_groups + k]
        if design.homologues:
            posterior["site_symmetry"] = d.row_symmetry[:, :, n_groups + k]
    posterior["mean_shift"] = d.row_mean[:, :, 1:n_groups]
    posterior["mean_spread"] = d.row_sd[:, :, 1:n_groups]
    if design.homologues:
        posterior["mean_symmetry"] = d.row_symmetry[:, :, 1:n_groups]
    if spec.focal is not None:
        posterior["mean_included"] = d.row_included[:, :, 1:n_groups]
        posterior["mean_share"] = d.row_share[:, :, 1:n_groups]
    if k:
        rows = slice(n_groups, n_groups + k)
        posterior["slope"] = d.w[:, :, rows]
        posterior["slope_mean"] = d.row_mean[:, :, rows]
        posterior["slope_spread"] = d.row_sd[:, :, rows]
        if design.homologues:
            posterior["slope_symmetry"] = d.row_symmetry[:, :, rows]
    if spec.shared is not None:
        posterior["shared_correlation"] = d.shared
        if spec.shared.family == "common":
            posterior["shared_level"] = d.level
            posterior["shared_scale"] = d.scale
        posterior["spread_shift"] = d.ratio_shift
        posterior["spread_size"] = d.ratio_size
    if spec.dense is not None and spec.dense.width > 0:
        kappa = d.kappa if spec.dense.per_population else d.kappa[:, :, 0]
        posterior["kappa"] = kappa
        posterior["closeness"] = kappa / (kappa + 100.0)
        if spec.dense.atom > 0:
            posterior["kappa"] = np.where(kappa == INFINITE, np.inf, kappa)
            posterior["closeness"] = np.where(kappa == INFINITE, 1.0, posterior["closeness"])
    if spec.coupling is not None:
        posterior["coupling"] = d.coupling[:, :, 1:]
    if spec.attenuation is not None:
        posterior["attenuation"] = d.attenuation[:, :, 1:]
    if spec.sparse is not None:
        departing = slice(spec.first_departing(n_groups), None)
        posterior["included"] = d.included[:, :, departing]
        posterior["share"] = d.share[:, :, departing]
        posterior["size"] = d.size[:, :, departing]
    if spec.likelihood.family == "student":
        posterior["dof"] = d.dof
    return posterior

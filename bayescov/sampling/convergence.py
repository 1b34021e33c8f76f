"""Rank-normalised split R-hat and effective sample sizes of many quantities at once. Plain arrays.

The definitions are those of Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and
localization: an improved R-hat, Bayesian Analysis 16; the same as ArviZ's `rhat` and `ess`, which go through the
quantities one by one.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri

__all__ = ["FEWEST_DRAWS", "ess_bulk", "ess_mean", "ess_tail", "rhat", "rhat_and_ess_bulk"]

Floats = npt.NDArray[np.float64]

FEWEST_DRAWS = 4
BLOCK = 400_000  # numbers worked on at once: bounds the memory, whatever the number of quantities
TAILS = (0.05, 0.95)


def rhat_and_ess_bulk(draws: npt.ArrayLike) -> tuple[Floats, Floats]:
    """R-hat (the larger of bulk and folded) and bulk effective sample size of every quantity.

    Parameters
    ----------
    draws : array
        (chain, draw, ...).

    Returns
    -------
    rhat, ess : arrays (...)
        NaN where a quantity has a value that is not finite, or has fewer than four draws a chain.
    """
    values, shape = _rows(draws)
    rhats, sizes = np.full(len(values), np.nan), np.full(len(values), np.nan)

    def work(rows: npt.NDArray[np.intp]) -> None:
        split = _split(values[rows])
        bulk = _normal_scores(split)
        median = np.median(split.reshape(len(split), -1), axis=1)
        folded = _normal_scores(np.abs(split - median[:, None, None]))
        rhats[rows] = np.maximum(_plain_rhat(bulk), _plain_rhat(folded))
        sizes[rows] = _plain_ess(bulk)

    _in_blocks(work, values)
    return rhats.reshape(shape), sizes.reshape(shape)


def rhat(draws: npt.ArrayLike) -> Floats:
    """Rank-normalised split R-hat of (chain, draw, ...)."""
    return rhat_and_ess_bulk(draws)[0]


def ess_bulk(draws: npt.ArrayLike) -> Floats:
    """Bulk effective sample size of (chain, draw, ...)."""
    return rhat_and_ess_bulk(draws)[1]


def ess_mean(draws: npt.ArrayLike) -> Floats:
    """Effective sample size for the mean of (chain, draw, ...), on the scale of the draws instead of their ranks."""
    values, shape = _rows(draws)
    sizes = np.full(len(values), np.nan)

    def work(rows: npt.NDArray[np.intp]) -> None:
        sizes[rows] = _plain_ess(_split(values[rows]))

    _in_blocks(work, values)
    return sizes.reshape(shape)


def ess_tail(draws: npt.ArrayLike) -> Floats:
    """Effective sample size of the 5 % and the 95 % quantile, whichever is smaller, of (chain, draw, ...)."""
    values, shape = _rows(draws)
    sizes = np.full(len(values), np.nan)

    def work(rows: npt.NDArray[np.intp]) -> None:
        whole = values[rows]
        tails = np.quantile(whole.reshape(len(whole), -1), TAILS, axis=1)
        each = [_plain_ess(_split((whole <= tail[:, None, None]).astype(float))) for tail in tails]
        sizes[rows] = np.minimum(*each)

    _in_blocks(work, values)
    return sizes.reshape(shape)


def _rows(draws: npt.ArrayLike) -> tuple[Floats, tuple[int, ...]]:
    """(quantity, chain, draw), and the shape of the quantities."""
    array = np.asarray(draws, dtype=float)
    chains, length, *shape = array.shape
    return np.moveaxis(array.reshape(chains, length, -1), 2, 0), tuple(shape)


def _in_blocks(work: Callable[[npt.NDArray[np.intp]], None], values: Floats) -> None:
    """Run `work` on the positions of the quantities that can be judged, in threads (numpy sorts without the lock)."""
    if values.shape[2] < FEWEST_DRAWS:
        return
    judged = np.flatnonzero(np.isfinite(values).all(axis=(1, 2)))
    parts = math.ceil(len(judged) * values.shape[1] * values.shape[2] / BLOCK)
    if parts:
        with ThreadPoolExecutor(max_workers=min(parts, available_cores())) as pool:
            list(pool.map(work, np.array_split(judged, parts)))


def available_cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _split(values: Floats) -> Floats:
    """Both halves of every chain as chains of their own; the middle draw of an odd number is left out."""
    half = values.shape[2] // 2
    return np.concatenate([values[:, :, :half], values[:, :, values.shape[2] - half :]], axis=1)


def _normal_scores(values: Floats) -> Floats:
    """Each quantity's draws replaced by the normal scores of their ranks (ties share their mean rank)."""
    flat = values.reshape(len(values), -1)
    size = flat.shape[1]
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    # mean ranks are whole or half numbers: twice the rank looks its score up in a table
    table = ndtri((np.arange(2 * size + 1) / 2 - 3 / 8) / (size + 1 / 4))
    sorted_scores = np.broadcast_to(table[2::2], flat.shape)
    same = ordered[:, 1:] == ordered[:, :-1]
    tied = same.any(axis=1)
    if tied.any():
        sorted_scores = sorted_scores.copy()
        sorted_scores[tied] = table[_doubled_mean_ranks(same[tied])]
    scores = np.empty_like(flat)
    np.put_along_axis(scores, order, sorted_scores, axis=1)
    return scores.reshape(values.shape)


def _doubled_mean_ranks(same: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Twice the mean rank of each sorted draw, where `same` says that a draw equals the one before it."""
    count, gaps = same.shape
    position = np.arange(gaps + 1)
    edge = np.zeros((count, 1), dtype=bool)
    first = np.where(np.hstack([edge, same]), 0, position)
    first = np.maximum.accumulate(first, axis=1)
    last = np.where(np.hstack([same, edge]), gaps, position)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(first + last + 2)


def _plain_rhat(values: Floats) -> Floats:
    length = values.shape[2]
    within = values.var(axis=2, ddof=1).mean(axis=1)
    between = length * values.mean(axis=2).var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(within > 0, between / within, np.where(between > 0, np.inf, np.nan))
    return np.asarray(np.sqrt((ratio + length - 1) / length))


def _plain_ess(values: Floats) -> Floats:
    """Effective sample size by Geyer's initial monotone sequence, over (quantity, chain, draw)."""
    count, chains, length = values.shape
    means = values.mean(axis=2)
    padded = next_fast_len(2 * length, real=True)
    spectrum = rfft(values - means[:, :, None], n=padded, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    covariance = irfft(power, n=padded, axis=1)[:, :length] / length
    within = covariance[:, 0] * length / (length - 1)
    total = covariance[:, 0] + means.var(axis=1, ddof=1) if chains > 1 else covariance[:, 0]
    constant = np.ptp(values.reshape(count, -1), axis=1) == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = 1 - (within[:, None] - covariance) / total[:, None]
    correlation[:, 0] = 1
    pairs = correlation[:, : length // 2 * 2].reshape(count, -1, 2).sum(axis=2)
    last = max(0, (length - 3) // 2)  # the last pair the sequence may reach
    ended = pairs[:, : last + 1] <= 0
    stop = np.where(ended.any(axis=1), ended.argmax(axis=1), last)
    lowest = np.minimum.accumulate(pairs, axis=1)
    kept = np.where(np.arange(pairs.shape[1]) < stop[:, None], lowest, 0).sum(axis=1)
    rows = np.arange(count)
    edge = correlation[rows, 2 * stop]
    edge = np.where((pairs[rows, stop] >= 0) | (edge > 0), edge, 0)
    size = chains * length
    time = np.maximum(-1 + 2 * kept + edge, 1 / math.log10(size))
    return np.asarray(np.where(constant, size, size / time))

"""What the chains learn from each other during warm-up: which blocks of edges to try, around what shift; which regions to redraw."""

from collections.abc import Sequence

import numpy as np

from bayescov.sampling.kernels.state import State

__all__ = ["learn_blocks", "learn_regions"]

SELDOM = 0.02  # the weight of a region, whatever it did
FEW_CHANGES = 0.05  # a draw, so that one that never changed has no weight without end
ENOUGH = 20.0  # sweeps in which a block was on, before its shift is taken from them


def learn_blocks(states: Sequence[State]) -> None:
    """Pool what all chains saw and set every chain's proposals; the counts start anew.

    A chain that never left one mode learns of the others from its neighbours. Blocks that are on in some sweeps only
    are those that must be switched most often. After warm-up nothing is learned any more.
    """
    sweeps, on, total, squares = np.sum([s.block_seen for s in states], axis=0)
    share = on / np.maximum(sweeps, 1.0)
    ambiguous = share * (1.0 - share) + 0.02 * share
    count = np.maximum(on, 1.0)
    mean = total / count
    spread = np.clip(1.3 * np.sqrt(np.maximum(squares / count - mean**2, 0.0)), 0.04, 0.3)
    for state in states:
        state.block_middle[:] = np.where(on >= ENOUGH, mean, state.block_middle)
        state.block_spread[:] = np.where(on >= ENOUGH, spread, state.block_spread)
        for g, weight in enumerate(ambiguous):
            if weight.sum() > 0:
                old = np.diff(state.block_chance[g], prepend=0.0)
                state.block_chance[g] = np.cumsum(0.4 * old + 0.6 * weight / weight.sum())
        state.block_seen[:] = 0.0


def learn_regions(states: Sequence[State]) -> None:
    """Which regions to redraw: the more often, the more draws it takes them to change between loose and tied.

    Were a region loose with probability p and changed in a share f of its draws, two of them would be as good as independent
    p (1 - p) / f draws apart. Both are taken from how probable it was, draw by draw, not from what came of it: one that may be loose
    but happened not to be would otherwise be drawn seldom ever after. A region that some chains always have loose, and others never,
    is one that takes long.
    """
    draws, loose, changes = np.sum([s.region_seen for s in states], axis=0)
    count = np.maximum(draws, 1.0)
    weight = SELDOM + loose / count * (1.0 - loose / count) / (changes / count + FEW_CHANGES)
    for state in states:
        old = np.diff(state.region_chance, prepend=0.0)
        state.region_chance[:] = np.cumsum(0.4 * old + 0.6 * weight.ravel() / weight.sum())
        state.region_seen[:] = 0.0

"""The blocks that a model needs, compiled, and the loop over them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import typeof, types

from bayescov.model.spec import ModelSpec
from bayescov.sampling.ahead import compile_together
from bayescov.sampling.kernels import chain, sweep, tuning
from bayescov.sampling.kernels.compiling import address_of, compiling
from bayescov.sampling.kernels.held import Held
from bayescov.sampling.kernels.state import Data

__all__ = ["Plan", "compiled", "plan_of"]

Block = Callable[..., None]


class Plan(NamedTuple):
    """The blocks of a sweep, in order; what is learned after each in warm-up; what is kept of each draw."""

    sweep: list[Block]
    learning: list[Block]
    keeping: list[Block]


def plan_of(spec: ModelSpec, data: Data, densities: bool) -> Plan:
    """What the model needs and nothing else; `densities`: also keep the density of every person."""
    blocks: list[Block] = []
    learning: list[Block] = []
    if spec.shared is not None:
        blocks += [sweep.move_shared, sweep.move_scales]
        learning.append(tuning.adapt)
        if spec.shared.family == "common":
            blocks.append(sweep.move_level)
        if spec.coupling is not None:
            blocks.append(sweep.move_couplings)
        turn = [sweep.move_attenuations] if spec.attenuation is not None else []
        turns = 1
        if spec.sparse is not None:
            turn += [sweep.move_edges, sweep.move_scales]  # kappa again: it goes with departures
            turns = sweep.TURNS if data.unit.shape[0] <= sweep.FEW_REGIONS else 1
            learning.append(tuning.watch)
        blocks += turns * turn
        if spec.attenuation is not None:
            blocks.append(sweep.move_regions)
    elif spec.dense is not None and spec.dense.width > 0:
        blocks.append(sweep.move_closeness)
    blocks += [sweep.draw_covariances, sweep.draw_means]
    if data.any_missing or data.student:
        blocks.append(sweep.draw_people)
    blocks.append(sweep.renew_scatter)
    return Plan(blocks, learning, [chain.keep, chain.keep_densities] if densities else [chain.keep])


def compiled(plan: Plan, arguments: tuple[Any, ...]) -> Callable[..., None]:
    """``run(generator, data, prior, state, draws, first, count, thin, tuning, total)``; see `kernels.chain.run`.

    `arguments` are the first five of any chain: compiled is for their types, which do not depend on the design.
    """
    rng, *rest = (typeof(argument) for argument in arguments)
    with compiling():
        held = [Held(kind) for kind in rest]
        in_sweep, after = (rng, *held[:3]), (*held, types.int64, types.int64)
        addresses = types.Array(types.int64, 1, "C")
        counts = (types.int64, types.int64, types.int64, types.boolean, types.int64)
        whole = (addresses, addresses, rng, *rest, *counts)
        compile_together(
            [(b, in_sweep) for b in plan.sweep]
            + [(b, after) for b in plan.learning + plan.keeping]
            + [(chain.run, whole)]
        )
        blocks = _addresses(plan.sweep, in_sweep)
        learning, keeping = (_addresses(part, after) for part in (plan.learning, plan.keeping))
        address_of(chain.run, whole)

    def run(rng: Any, data: Any, prior: Any, state: Any, draws: Any, *counts: Any) -> None:
        tuning = counts[3]
        chain.run(blocks, learning if tuning else keeping, rng, data, prior, state, draws, *counts)

    return run


def _addresses(blocks: list[Block], argument_types: tuple[Any, ...]) -> np.ndarray:
    return np.array([address_of(block, argument_types) for block in blocks], dtype=np.int64)

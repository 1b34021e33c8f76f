"""What is compiled: each block once, only what the model needs; and what a block raises arrives."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from bayescov.model import load_model
from bayescov.sampling import compiled as compiled_module
from bayescov.sampling import fit, kernels
from bayescov.sampling.compiled import Plan, compiled, plan_of
from bayescov.sampling.gibbs import empty_draws
from bayescov.sampling.kernels import chain, sweep, tuning
from bayescov.sampling.start import data_of, prior_of, start_state
from tests.model.designs import random_design

QUICK = {"draws": 50, "tune": 100, "chains": 1, "min_ess": 0.0, "progress": False, "seed": 1}
BLOCKS = [
    chain.run, chain.keep, chain.keep_densities, tuning.adapt, tuning.watch, sweep.move_shared, sweep.move_level,
    sweep.move_scales, sweep.move_couplings, sweep.move_attenuations, sweep.move_edges,
    sweep.draw_covariances, sweep.draw_means, sweep.draw_people, sweep.renew_scatter,
]  # fmt: skip


def test_no_model_and_no_design_has_a_block_compiled_anew():
    """All blocks serve all models: the special cases of an adaptive fit add nothing."""
    plain = random_design(seed=1)
    other = random_design(sizes=(12, 11), regions=4, covariates="", site=True, seed=2)
    other.y.values[3, 1] = np.nan
    for model in ("adaptive", "pooled", "sparse", "separate"):
        for design in (plain, other):
            fit(design, model=model, **QUICK)
    assert {block.__name__: len(block.signatures) for block in BLOCKS} == {b.__name__: 1 for b in BLOCKS}


def test_a_model_compiles_only_what_it_needs():
    design = random_design(seed=1)

    def names(spec):
        return [block.__name__ for block in plan_of(spec, data_of(spec, design), densities=False).sweep]

    means = ["draw_covariances", "draw_means", "renew_scatter"]
    assert names(load_model("separate").change(likelihood={"family": "normal"})) == means
    pooled = load_model("pooled").change(likelihood={"family": "normal"}, shared={"family": "lkj"})
    assert names(pooled) == ["move_shared", "move_scales", *means]


def test_blocks_that_take_the_scatter_in_units_of_sds_find_it_so():
    """Whatever moved the SDs before them: the turns that edges take in a sweep come after kappa's, which moves them too."""
    design, spec = random_design(seed=1), load_model("adaptive")
    data, rng = data_of(spec, design), np.random.default_rng(1)
    state = start_state(spec, data, design, rng)
    arguments = rng, data, prior_of(spec, len(design.populations)), state, empty_draws(data, 0, design)
    blocks, checked = plan_of(spec, data, densities=False).sweep, 0
    run = {block: compiled(Plan([block], [], []), arguments) for block in blocks}
    for block in 3 * blocks:
        if block in (sweep.move_couplings, sweep.move_attenuations, sweep.move_edges):
            scale = np.exp(state.log_d)
            expected = state.scatter / (scale[:, :, None] * scale[:, None, :])
            np.testing.assert_allclose(state.scaled, expected, rtol=1e-10, err_msg=block.__name__)
            checked += 1
        before = state.log_d.copy()
        run[block](*arguments, 0, 1, 1, False, 0)
        assert block is not sweep.move_scales or not np.allclose(state.log_d, before, rtol=1e-6)
    assert checked == 3 * (1 + 2 * sweep.TURNS)


def test_what_a_block_raises_arrives():
    """Not swallowed at the call by address: without a positive definite precision there are no means to draw."""
    design, spec = random_design(seed=1), load_model("separate")
    data, rng = data_of(spec, design), np.random.default_rng(1)
    state = start_state(spec, data, design, rng)
    arguments = rng, data, prior_of(spec, len(design.populations)), state, empty_draws(data, 0, design)
    run = compiled(Plan([sweep.draw_means], [], []), arguments)
    run(*arguments, 0, 1, 1, False, 0)
    state.omega[:] = -1e6 * np.eye(state.omega.shape[1])
    with pytest.raises(np.linalg.LinAlgError):
        run(*arguments, 0, 1, 1, False, 0)


@pytest.mark.slow
def test_nothing_is_compiled_twice_on_a_cold_start(tmp_path):
    """In a process of its own with an empty cache: no kernel for two kinds of arguments, an integer written out included."""
    assert _in_another_process("twice", tmp_path) == "[]"


def test_nothing_is_compiled_on_a_second_start(tmp_path):
    """What a process with an empty cache compiled the next one finds there, each block and the loop over them."""
    assert _in_another_process("missed", tmp_path) != "[]"
    assert _in_another_process("missed", tmp_path) == "[]"


def _in_another_process(question, cache):
    done = subprocess.run(
        [sys.executable, "-m", "tests.sampling.test_compiled", question],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _missed():
    fit(random_design(seed=1), model="separate", structures=False, **QUICK)
    return sorted(block.__name__ for block in BLOCKS if block.stats.cache_misses)


def _compiled_twice():
    compiled_module.compile_together = lambda work: None  # all in this process
    fit(random_design(seed=1), model="adaptive", structures=False, **QUICK)
    found = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        found |= vars(importlib.import_module(f"{kernels.__name__}.{module.name}"))
    functions = {f for f in found.values() if isinstance(f, Dispatcher)}
    assert sum(len(f.signatures) for f in functions) > 40  # it was a cold start
    return sorted(f.__name__ for f in functions if len(f.signatures) > 1)


if __name__ == "__main__":
    print({"twice": _compiled_twice, "missed": _missed}[sys.argv[1]]())

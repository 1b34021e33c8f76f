"""Two processes compile what one would: who takes what, what is found in the cache, and a second process that fails."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import typeof

from bayescov.model import load_model
from bayescov.sampling import ahead
from bayescov.sampling.kernels import means, sweep
from bayescov.sampling.kernels.compiling import address_of
from bayescov.sampling.kernels.held import Held
from bayescov.sampling.kernels.helper import claim
from bayescov.sampling.start import data_of, prior_of, start_state
from tests.model.designs import random_design

BLOCKS = [sweep.move_level, sweep.draw_means, sweep.draw_covariances, sweep.renew_scatter]


def work():
    design, spec = random_design(seed=1), load_model("adaptive")
    data, rng = data_of(spec, design), np.random.default_rng(1)
    state = start_state(spec, data, design, rng)
    kinds = (
        typeof(rng),
        *(Held(typeof(part)) for part in (data, prior_of(spec, len(design.populations)), state)),
    )
    return [(block, kinds) for block in BLOCKS]


@pytest.mark.parametrize("failing", [False, True])
def test_what_a_second_process_compiles_is_found_in_the_cache(tmp_path, failing):
    """In a process of its own with an empty cache. A second process that fails leaves everything to the first."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.sampling.test_ahead", *(["failing"] if failing else [])],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "0" if failing else "helped"]


def test_a_block_is_taken_once(tmp_path):
    assert claim(str(tmp_path), sweep.move_level)
    assert not claim(str(tmp_path), sweep.move_level)
    assert claim(str(tmp_path), sweep.renew_scatter)


def test_the_amount_of_code_counts_whatever_is_called_once():
    kernels = sweep.renew_scatter, means.residual_scatter
    assert ahead.amount_of_code(sweep.renew_scatter) == sum(len(k.py_func.__code__.co_code) for k in kernels)
    by_amount = sorted(BLOCKS, key=ahead.amount_of_code)
    assert by_amount[0] is sweep.renew_scatter
    assert ahead.amount_of_code(sweep.move_edges) > ahead.amount_of_code(by_amount[-1])


def _main(failing):
    listed = work()
    if failing:
        ahead.HELP = "import bayescov.no_such_module"
    else:
        # The first process holds back, so that the second has something to do.
        ahead.claim = lambda claims, block: False
    ahead.available_cores = lambda: 2
    ahead.compile_together(listed)
    found = sum(len(block.signatures) for block in BLOCKS)
    addresses = [address_of(*each) for each in listed]
    hits = sum(sum(block.stats.cache_hits.values()) for block in BLOCKS)
    assert found == (len(BLOCKS) if failing else 0)
    print(len(set(addresses)) == len(BLOCKS), "helped" if hits == len(BLOCKS) else hits)


if __name__ == "__main__":
    _main("failing" in sys.argv)

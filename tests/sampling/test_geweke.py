"""Every block of the sampler leaves the joint distribution of parameters and people as it is; a wrong one is seen."""

import numpy as np
import pytest

from bayescov.sampling.kernels import sweep
from tests.sampling.geweke import z_scores
from tests.sampling.test_sbc import small

# What each block is to change, at least; R_0, level, kappa, ... by the names of `geweke.quantities`.
BLOCKS = {
    "move_shared": ([sweep.move_shared], ["shared", "log_d", "ratio", "departure", "coupling", "fit"]),
    "move_level": ([sweep.move_level], ["level"]),
    "move_scales": ([sweep.move_scales], ["closeness", "log_d", "ratio", "fit"]),
    "move_couplings": ([sweep.move_couplings], ["coupling", "shared", "log_d", "ratio", "fit"]),
    "move_attenuations": ([sweep.move_attenuations], ["attenuation", "departure", "fit"]),
    "move_regions": (
        [sweep.move_regions],
        ["attenuation", "departure", "shared", "log_d", "level", "fit"],
    ),
    "move_edges": ([sweep.move_edges], ["included", "departure", "share", "shared", "fit"]),
    "draw_covariances": ([sweep.draw_covariances], ["sigma", "fit"]),
    "draw_means": ([sweep.draw_means, sweep.renew_scatter], ["mean", "mean_included", "rows", "fit"]),
    "draw_people": ([sweep.draw_people, sweep.renew_scatter], ["people", "missing", "fit"]),
}  # fmt: skip
FAULTS = [
    ("move_shared", {"spread": {"control_sd": 0.25}}),
    ("move_level", {"shared": {"eta": 2.0}}),
    ("move_scales", {"dense": {"median": 10.0}}),
    ("move_scales", {"spread": {"shift_sd": 0.25}}),
    ("move_couplings", {"coupling": {"scale": 0.1}}),
    ("move_attenuations", {"attenuation": {"share": 0.1}}),
    ("move_attenuations", {"attenuation": {"shape": 6.0}}),
    ("move_regions", {"attenuation": {"share": 0.1}}),
    ("move_regions", {"attenuation": {"shape": 6.0}}),
    ("move_edges", {"sparse": {"share_b": 1.0}}),
    ("move_edges", {"sparse": {"size_median": 0.15}}),
    ("draw_means", {"mean": {"spread_scale": 0.4}}),
    ("draw_means", {"mean": {"symmetry_b": 3.0}}),
    ("draw_means", {"focal": {"share_b": 2.0}}),
    ("draw_means", {"focal": {"same_sd": 0.4}}),
    ("draw_people", {"likelihood": {"dof_rate": 0.02}}),
]
LIMIT = 4.5  # of some 60 standard scores a block: a false alarm once in three thousand


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_leaves_the_joint_distribution_as_it_is(name):
    chosen, moves = BLOCKS[name]
    found = z_scores(small("adaptive", "student"), chosen, repetitions=800, seed=1, missing=0.15)
    assert set(moves) <= set(found)
    assert max(np.abs(z).max() for z in found.values()) < LIMIT, found


@pytest.mark.parametrize("name", ["move_couplings", "move_attenuations", "move_regions", "move_edges"])
def test_a_block_does_where_it_goes_about_as_with_many_regions(name):
    chosen, moves = BLOCKS[name]
    spec = small("adaptive", "student")
    found = z_scores(spec, chosen, repetitions=800, seed=3, missing=0.15, many_regions=True)
    # On Fisher's scale, and not as correlations.
    held = {"departure"} if name == "move_attenuations" else set()
    assert set(moves) - held <= set(found)
    assert not held & set(found)
    assert max(np.abs(z).max() for z in found.values()) < LIMIT, found


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_block_with_a_wrong_prior_is_seen(name, fault):
    spec = small("adaptive", "student")
    found = z_scores(
        spec, BLOCKS[name][0], repetitions=800, seed=2, missing=0.15, fitted=spec.change(**fault)
    )
    assert max(np.abs(z).max() for z in found.values()) > LIMIT, found

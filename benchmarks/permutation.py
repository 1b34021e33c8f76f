"""The permutation test against the time its matrix products alone take, and against a plain numpy loop.

    python benchmarks/permutation.py [--small]

The floor is measured in the same run, on the same number of threads: one product of the permuted group's volumes with
themselves for each permutation and patient group, on arrays that are already in place, and nothing else. The loop is
`numpy.corrcoef` of both groups for each permutation, timed on a few permutations and scaled up. Wall time is what a
user waits for; ratios are of processor time (all threads), which other programs on the machine disturb less.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from tables import machine, markdown, run_of
from threadpoolctl import threadpool_limits

import bayescov as bc
from bayescov.classical.exchange import BLOCK, Pair, make_pairs, members

SEED = 2023


@dataclass(frozen=True)
class Case:
    sizes: tuple[int, ...]
    regions: int
    permutations: int
    repeats: int


CASES = (
    Case((34, 40, 35), 14, 10_000, 5),
    Case((34, 40, 35), 68, 10_000, 5),
    Case((200, 8), 68, 10_000, 5),
    Case((334, 333, 333), 400, 10_000, 1),
)
SMALL = (*CASES[:3], Case((334, 333, 333), 400, 512, 1))


def main() -> None:
    run = run_of("permutation", __doc__)
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    frame = pd.DataFrame([measured(case) for case in (SMALL if run.small else CASES)]).assign(
        load_before=busy
    )
    run.save(frame, digits=4)
    run.publish(table(frame))


def measured(case: Case) -> dict[str, object]:
    """Seconds of the test, of its products and of the loop, the best of some repeats in turn."""
    design = normal_design(case)
    pairs, _ = make_pairs(design, "correlation")
    bc.permutation_test(design, n_permutations=BLOCK, seed=SEED)  # load what is compiled
    test, floor = [], []
    for _ in range(case.repeats):
        test.append(clocked(lambda: bc.permutation_test(design, n_permutations=case.permutations, seed=SEED)))
        floor.append(sum(products(pair, case.permutations) for pair in pairs))
    tried = max(3, min(100, case.permutations, 40_000 // case.regions**2 + 1))
    loop = sum(clocked(lambda pair=pair: numpy_loop(pair, tried)) for pair in pairs) * (
        case.permutations / tried
    )
    wall, cpu = np.min(test, axis=0)
    floor_wall, floor_cpu = np.min(floor, axis=0)
    return {
        "sizes": " / ".join(map(str, case.sizes)),
        "regions": case.regions,
        "permutations": case.permutations,
        "threads": effective_n_jobs(-1),
        "test_wall": wall,
        "test_cpu": cpu,
        "floor_wall": floor_wall,
        "floor_cpu": floor_cpu,
        "loop_wall": loop[0],
        "loop_cpu": loop[1],
    }


def normal_design(case: Case) -> bc.Design:
    rng = np.random.default_rng([SEED, case.regions])
    n = sum(case.sizes)
    volumes = pd.DataFrame(rng.normal(size=(n, case.regions))).rename(
        index="s{}".format, columns="r{}".format
    )
    groups = np.repeat([f"group {g}" for g in range(len(case.sizes))], case.sizes)
    return bc.prepare(bc.Cohort.from_frames(volumes, groups, control="group 0"), transform="identity")


def products(pair: Pair, permutations: int) -> np.ndarray:
    """The products only, over as many threads as the test has."""
    chosen = members(pair, BLOCK, seed=SEED, position=0, block=0)
    size = max(1, min(BLOCK, (1 << 17) // (pair.n_regions * max(pair.n_chosen, pair.n_regions))))
    people = np.ascontiguousarray(pair.values[chosen[:size]])
    n_blocks = -(-permutations // BLOCK)

    def block() -> None:
        result = np.empty((size, pair.n_regions, pair.n_regions))
        for _ in range(-(-BLOCK // size)):
            np.matmul(people.swapaxes(1, 2), people, out=result)

    with threadpool_limits(limits=1, user_api="blas"):
        products_done = n_blocks * -(-BLOCK // size) * size
        run = Parallel(n_jobs=-1, prefer="threads")
        return clocked(lambda: run(delayed(block)() for _ in range(n_blocks))) * (
            permutations / products_done
        )


def numpy_loop(pair: Pair, permutations: int) -> float:
    """What one would write first; returns something so that nothing is left out."""
    rng = np.random.default_rng(SEED)
    edges = np.triu_indices(pair.n_regions, 1)
    larger = np.zeros(len(edges[0]))
    observed = np.abs(pair.score[edges])
    for _ in range(permutations):
        order = rng.permutation(len(pair.values))
        first, second = pair.values[order[: pair.n_control]], pair.values[order[pair.n_control :]]
        z = [np.arctanh(np.corrcoef(x, rowvar=False)[edges]) for x in (first, second)]
        larger += np.abs(z[0] - z[1]) >= observed
    return float(larger.sum())


def clocked(work: Callable[[], object]) -> np.ndarray:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - wall, time.process_time() - cpu])


def table(frame: pd.DataFrame) -> str:
    rows = pd.DataFrame(
        {
            "people": frame["sizes"],
            "regions": frame["regions"],
            "permutations": [f"{n:,}" for n in frame["permutations"]],
            "wall time": [duration(s) for s in frame["test_wall"]],
            "processor time": [duration(s) for s in frame["test_cpu"]],
            "of the products alone": [duration(s) for s in frame["floor_cpu"]],
            "ratio": [f"{r:.1f}" for r in frame["test_cpu"] / frame["floor_cpu"]],
            "of a numpy loop": [duration(s) for s in frame["loop_cpu"]],
        }
    )
    return (
        "Time of `permutation_test`, every patient group against the controls, and of the matrix products it cannot do "
        f"without.\n\n{markdown(rows)}\n\n`python benchmarks/permutation.py` on {frame['threads'].iloc[0]} threads of "
        f"{machine()}, {load(frame['load_before'].iloc[0])}; `results/permutation.csv`."
    )


def load(average: float) -> str:
    """How busy the machine was with other programs, which wall times suffer from."""
    if not average >= 0.5:
        return "otherwise idle"
    return f"with {average:.0f} other programs running at the same time, which the wall times suffer from"


def duration(s: float) -> str:
    if s < 0.1:
        return f"{1000 * s:.0f} ms"
    return f"{s:.2f} s" if s < 10 else f"{s:.0f} s" if s < 600 else f"{s / 60:.0f} min"


if __name__ == "__main__":
    main()

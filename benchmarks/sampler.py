"""How fast are the samplers? Minimum effective sample size per processor second, in one run beside PyMC + nutpie.

    python benchmarks/sampler.py [--small] [--regions 14,30] [--models separate,pooled,sparse,adaptive]

A warm process (compiled before), 3 groups of 34 / 40 / 35 simulated people, four chains on two cores. The effective sample
size is the smallest bulk ESS over every correlation, difference, mean, SD and hyperparameter. `cold` is the wall time of
the first fit in a fresh process with an empty cache, minus that of the second. 68 regions have a table of their own.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
from tables import Run, machine, markdown, options

import bayescov as bc
from bayescov.sampling.mixing import mixing
from bayescov.simulate import simulate_cohort, truth

COLD = """
import time, numpy as np, bayescov as bc
import bayescov.sampling.gibbs  # importing numba is not compiling
from bayescov.simulate import simulate_cohort, truth
rng = np.random.default_rng(1)
design = bc.prepare(simulate_cohort(truth("sparse", p=14, rng=rng), rng=rng))
times = []
for _ in range(2):
    start = time.perf_counter()
    bc.fit(design, model={model!r}, seed=1, draws=100, tune=100, min_ess=0, structures=False, progress=False)
    times.append(time.perf_counter() - start)
print(times[0] - times[1])
"""


def main() -> None:
    """Measure every engine and model, and publish."""
    parser = options(__doc__)
    parser.add_argument("--regions", default="14,30", help="numbers of regions")
    parser.add_argument("--models", default="separate,pooled,sparse,adaptive")
    asked = parser.parse_args()
    regions = (14,) if asked.small else tuple(int(n) for n in asked.regions.split(","))
    run = Run("sampler" if 14 in regions else f"sampler_{max(regions)}", asked.small)
    rows = []
    for p in regions:
        rng = np.random.default_rng(p)
        design = bc.prepare(simulate_cohort(truth("sparse", p=p, rng=rng), rng=rng))
        for model, engine in _engines(asked.models.split(","), p, run.small):
            rows.append({"regions": p, "model": model, "engine": engine} | measured(design, model, engine))
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    run.save(table)
    shown = table.assign(
        **{c: table[c].map("{:.1f}".format) for c in ("wall_s", "cpu_s", "ess_per_cpu_s")},
        min_ess=table["min_ess"].map("{:.0f}".format),
        max_rhat=table["max_rhat"].map("{:.3f}".format),
    )
    said = f"Measured on {machine()}."
    if 14 in regions:
        cold = {model: cold_start(model) for model in ("pooled", "adaptive")}
        times = "; ".join(f"{model} {seconds:.0f} s" for model, seconds in cold.items())
        said += f" Compiling once, into an empty cache: {times}."
    command = f"python benchmarks/sampler.py --regions {asked.regions} --models {asked.models}"
    run.publish(f"{said}\n\n{markdown(shown)}\n\n`{command}`")


def _engines(models: list[str], p: int, small: bool) -> list[tuple[str, str]]:
    rival = "pooled" in models and p <= 30 and not small
    return [(model, "gibbs") for model in models] + ([("pooled", "nuts")] if rival else [])


def measured(design: bc.Design, model: str, engine: str) -> dict[str, float]:
    """One warm fit until every quantity has 400 effective draws (or the budget ends)."""
    settings = {"model": model, "engine": engine, "structures": False, "progress": False}
    if engine == "gibbs":
        bc.fit(design, seed=1, draws=50, tune=100, min_ess=0, **settings)
    wall, cpu = time.perf_counter(), time.process_time()
    fit = bc.fit(design, seed=2, **settings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    ess, rhat = mixing({k: v.values for k, v in fit["posterior"].data_vars.items()})
    return {
        "wall_s": wall, "cpu_s": cpu, "draws": fit["posterior"].sizes["draw"], "min_ess": ess, "max_rhat": rhat,
        "ess_per_cpu_s": ess / cpu,
    }  # fmt: skip


def cold_start(model: str) -> float:
    """Seconds of compilation in a fresh process whose cache is empty."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        done = subprocess.run(
            [sys.executable, "-c", COLD.format(model=model)],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return float(done.stdout)


if __name__ == "__main__":
    main()

"""Other people's tools on the data of one simulated study: Stan, and R's BGGM, BDgraph and NetworkComparisonTest.

    python benchmarks/others.py [--small]

None of them is among this project's requirements. Stan is run where PyStan can be imported by the Python that the
environment variable STAN_PYTHON names (by default this one); the R packages where Rscript is on the path and has them.
What is not there is skipped with a line that says so.

Stan samples `pooled.stan`, which is our `pooled` written anew: the effective sample sizes per second can be compared, and
the posterior means must agree. The R packages have other models; theirs are times for a like task.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from tables import HERE, machine, markdown, run_of

import bayescov as bc
from bayescov.sampling.convergence import rhat_and_ess_bulk
from bayescov.sampling.mixing import mixing
from bayescov.simulate import simulate_cohort, truth

REGIONS = 14
SAMPLING = "posterior of the model `pooled`, three groups"
# Stan's names -> ours. The effective sample size is the smallest over these and the differences from the controls.
STAN_NAMES = {"mean_of_group": "mean", "sd_of_group": "sd"} | {
    name: name
    for name in (
        "correlation", "shared_correlation", "kappa", "mean_shift", "mean_spread", "mean_symmetry", "spread_shift", "spread_size",
    )
}  # fmt: skip
JUDGED = tuple(STAN_NAMES.values())

STAN = """
import json, pathlib, sys, time
import numpy as np, stan
data, settings = (json.loads(pathlib.Path(sys.argv[k]).read_text()) for k in (2, 3))
model = stan.build(pathlib.Path(sys.argv[1]).read_text(), data=data, random_seed=settings["seed"])
if settings["draws"]:
    start = time.perf_counter()
    fit = model.sample(num_chains=settings["chains"], num_samples=settings["draws"], num_warmup=settings["warmup"],
                       init_radius=0.5)
    wall = time.perf_counter() - start
    names = settings["names"]
    np.savez(sys.argv[4], wall=wall, **{name: np.moveaxis(fit[name], -1, 0) for name in names})
"""

R_TASKS = {
    "NetworkComparisonTest": (
        "permutation test, {permutations:,} permutations, 1 comparison of partial correlations",
        "library(NetworkComparisonTest); f <- function() NCT(a, b, it = {permutations}, test.edges = TRUE, "
        'edges = "all", progressbar = FALSE, verbose = FALSE)',
    ),
    "BGGM": (
        "posterior of two groups' partial correlations, {draws:,} draws",
        "library(BGGM); f <- function() ggm_compare_estimate(a, b, iter = {draws}, progress = FALSE)",
    ),
    "BDgraph": (
        "posterior of one group's partial correlations, {draws:,} draws",
        'library(BDgraph); f <- function() bdgraph(b, method = "ggm", iter = {draws}, verbose = FALSE)',
    ),
}
R_CLOCK = (
    'a <- as.matrix(read.csv("controls.csv")); b <- as.matrix(read.csv("patients.csv")); set.seed(1); {setup}; '
    'time <- system.time(f()); cat("\\nSECONDS", time[["elapsed"]], time[["user.self"]] + time[["sys.self"]], "\\n")'
)


def main() -> None:
    run = run_of("others", __doc__)
    rng = np.random.default_rng(REGIONS)
    design = bc.prepare(simulate_cohort(truth("sparse", p=REGIONS, rng=rng), rng=rng))
    permutations, draws = (100, 500) if run.small else (1000, 5000)
    fit, sampled = our_sampler(design)
    rows, notes = [our_permutations(design, permutations), sampled], []
    for theirs, said in (
        stan(design, fit, draws=300 if run.small else 1000),
        r_packages(design, permutations, draws),
    ):
        rows += theirs
        notes += said
    frame = pd.DataFrame(rows)
    run.save(frame)
    run.publish(page(frame, notes))


def row(
    tool: str, task: str, wall: float, cpu: float, ess: float = np.nan, rhat: float = np.nan
) -> dict[str, object]:
    return {"tool": tool, "task": task, "wall_s": wall, "cpu_s": cpu, "min_ess": ess, "max_rhat": rhat}


def our_permutations(design: bc.Design, permutations: int) -> dict[str, object]:
    """Every patient group against the controls; the first call only loads what is compiled."""
    bc.permutation_test(design, n_permutations=512, kind="partial")
    wall, cpu = time.perf_counter(), time.process_time()
    bc.permutation_test(design, n_permutations=permutations, kind="partial")
    task = f"permutation test, {permutations:,} permutations, {len(design.patients)} comparisons of partial correlations"
    return row("bayescov", task, time.perf_counter() - wall, time.process_time() - cpu)


def our_sampler(design: bc.Design) -> tuple[xr.DataTree, dict[str, object]]:
    settings = {"model": "pooled", "engine": "gibbs", "structures": False, "progress": False}
    bc.fit(design, seed=1, draws=50, tune=100, min_ess=0, **settings)
    wall, cpu = time.perf_counter(), time.process_time()
    fit = bc.fit(design, seed=2, **settings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    ess, rhat = mixing({name: fit["posterior"][name].values for name in JUDGED})
    return fit, row("bayescov", SAMPLING, wall, cpu, ess, rhat)


def stan(design: bc.Design, ours: xr.DataTree, *, draws: int) -> tuple[list[dict[str, object]], list[str]]:
    """The same model and data in Stan, warm (compiled before), its processor time that of all its processes."""
    python = os.environ.get("STAN_PYTHON", sys.executable)
    there = subprocess.run(
        [python, "-c", "import stan; print(stan.__version__)"], capture_output=True, text=True, check=False
    )
    if there.returncode:
        return [], [
            f"Stan was skipped: PyStan cannot be imported by {Path(python).name} (STAN_PYTHON names another Python)."
        ]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "data.json").write_text(json.dumps(stan_data(design)))
        seconds = []
        for count in (0, draws):  # compiles; samples
            settings = {"seed": 1, "chains": 4, "draws": count, "warmup": draws, "names": list(STAN_NAMES)}
            (place / "settings.json").write_text(json.dumps(settings))
            before, start = children(), time.perf_counter()
            command = [python, "-c", STAN, HERE / "pooled.stan", "data.json", "settings.json", "draws.npz"]
            done = subprocess.run(
                command,
                cwd=folder,
                env=os.environ | {"XDG_CACHE_HOME": folder},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                return [], [f"Stan was skipped: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}"]
            seconds.append((time.perf_counter() - start, children() - before))
        found = np.load(place / "draws.npz")
        values = {ours: by_chain(found[theirs], 4) for theirs, ours in STAN_NAMES.items()}
        wall = float(found["wall"])
    ess, rhat = mixing(values)
    apart, errors = furthest(values["correlation"], ours["posterior"]["correlation"].values)
    note = (
        f"PyStan {there.stdout.strip()} compiled for {seconds[0][0]:.0f} s. The posterior means of the "
        f"{values['correlation'][0, 0].size} correlations differ from ours by {apart:.3f} where they differ most, and by at "
        f"most {errors:.1f} Monte Carlo standard errors."
    )
    return [row("Stan (PyStan)", SAMPLING, wall, seconds[1][1], ess, rhat)], [note]


def furthest(theirs: np.ndarray, ours: np.ndarray) -> tuple[float, float]:
    """Largest difference of two sets of posterior means, (chain, draw, ...) each: as it is, and in its standard errors."""
    drawn = [values.reshape(*values.shape[:2], -1) for values in (theirs, ours)]
    apart = np.abs(drawn[0].mean(axis=(0, 1)) - drawn[1].mean(axis=(0, 1)))
    variance = sum(values.var(axis=(0, 1)) / rhat_and_ess_bulk(values)[1] for values in drawn)
    return float(apart.max()), float((apart / np.sqrt(variance)).max())


def stan_data(design: bc.Design) -> dict[str, object]:
    y = [design.y.values[design.population.values == g] for g in range(len(design.populations))]
    return {
        "p": len(design.regions), "G": len(y), "n": [len(part) for part in y], "H": len(design.homologues),
        "left": [left + 1 for left, _ in design.homologues], "right": [right + 1 for _, right in design.homologues],
        "centre": [part.mean(axis=0).tolist() for part in y],
        "scatter": [((part - part.mean(axis=0)).T @ (part - part.mean(axis=0))).tolist() for part in y],
    }  # fmt: skip


def by_chain(values: np.ndarray, chains: int) -> np.ndarray:
    """(chain, draw, ...) from PyStan's draws, the chains in turn for each; scalars come as (draws, 1)."""
    shaped = values.reshape(-1, chains, *values.shape[1:]).swapaxes(0, 1)
    return shaped[..., 0] if shaped.shape[2:] == (1,) else shaped


def children() -> float:
    """Processor seconds of all processes started from here that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def r_packages(design: bc.Design, permutations: int, draws: int) -> tuple[list[dict[str, object]], list[str]]:
    """The controls and the first patient group, as R's packages take them."""
    script = shutil.which("Rscript")
    if script is None:
        return [], [f"Rscript is not on the path: {', '.join(R_TASKS)} were skipped."]
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        for g, name in enumerate(("controls", "patients")):
            part = design.y.values[design.population.values == g]
            pd.DataFrame(part, columns=[f"r{j}" for j in range(part.shape[1])]).to_csv(
                Path(folder) / f"{name}.csv", index=False
            )
        for package, (task, setup) in R_TASKS.items():
            code = R_CLOCK.format(setup=setup.format(permutations=permutations, draws=draws))
            done = subprocess.run(
                [script, "-e", code], cwd=folder, capture_output=True, text=True, check=False
            )
            clock = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("SECONDS")]
            if done.returncode or not clock:
                why = (done.stderr.strip().splitlines() or ["it gave no time"])[-1]
                notes.append(f"R's {package} was skipped: {why}")
                continue
            rows.append(
                row(
                    f"R: {package}",
                    task.format(permutations=permutations, draws=draws),
                    *map(float, clock[0]),
                )
            )
    return rows, notes


def page(frame: pd.DataFrame, notes: list[str]) -> str:
    table = pd.DataFrame(
        {
            "tool": frame["tool"],
            "task": frame["task"],
            "wall": frame["wall_s"].map("{:.2f} s".format),
            "processor": frame["cpu_s"].map("{:.2f} s".format),
            "smallest ESS": [f"{ess:.0f}" if np.isfinite(ess) else "" for ess in frame["min_ess"]],
            "ESS per processor second": [
                f"{ess / cpu:.1f}" if np.isfinite(ess) else ""
                for ess, cpu in zip(frame["min_ess"], frame["cpu_s"], strict=True)
            ],
        }
    )
    return "\n\n".join([markdown(table), *notes, f"`python benchmarks/others.py` on {machine()}."])


if __name__ == "__main__":
    main()

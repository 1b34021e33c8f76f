"""Do intervals of volume differences hold what they say? Several ways of losing volume, beside an ANCOVA.

    python benchmarks/volumes.py [--small]

34 controls, 40 and 35 patients, 14 regions, one covariance. The first group of patients loses volume in one of the ways below,
in SDs; the second loses nothing. ``study`` is the packaged study: covariates, and other covariances in patients. What is
judged are the 95 % intervals of percent differences, and what is called smaller or larger at an FDR of .05: by more than the margin
of `bayescov.volumes`, and by ANCOVA at all.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from joblib import Parallel, delayed
from tables import Run, markdown, run_of

import bayescov as bc
from bayescov.simulate import simulate_cohort, truth

SIZES = (34, 40, 35)
REGIONS, STRUCTURES = 14, 7
STUDIES = {"separate": 80, "adaptive": 40}
STUDIES_SMALL = {"separate": 4, "adaptive": 1}
SEED = 2023
LEVEL = 0.05

# Losses of the first group in control SDs, (region,): the left regions first, then the right ones.
Loss = Callable[[np.random.Generator], np.ndarray]
LOSSES: dict[str, tuple[str, Loss]] = {
    "none": ("nothing", lambda rng: np.zeros(REGIONS)),
    "structures": (
        "each structure its own, equal left and right",
        lambda rng: np.tile(rng.normal(-1.2, 0.35, STRUCTURES), 2),
    ),
    "regions": ("each region its own", lambda rng: rng.normal(-1.2, 0.35, REGIONS)),
    "focal": ("one structure, 1 SD on both sides", lambda rng: np.tile(_some(rng, STRUCTURES, 1), 2)),
    "one side": ("three structures, 1 SD on one side", lambda rng: np.append(_some(rng, STRUCTURES, 3), np.zeros(7))),
    "little": (
        "each structure its own, half as much",
        lambda rng: np.tile(rng.normal(-0.5, 0.2, STRUCTURES), 2),
    ),
    "least": (
        "each structure its own, a fifth as much",
        lambda rng: np.tile(rng.normal(-0.25, 0.1, STRUCTURES), 2),
    ),
}  # fmt: skip


def _some(rng: np.random.Generator, count: int, chosen: int) -> np.ndarray:
    loss = np.zeros(count)
    loss[rng.choice(count, chosen, replace=False)] = -1.0
    return loss


def main() -> None:
    run = run_of("volumes", __doc__)
    studies = STUDIES_SMALL if run.small else STUDIES
    asked = [
        (loss, model, k)
        for model, count in studies.items()
        for loss in (*LOSSES, "study")
        for k in range(count)
    ]
    parts = Parallel(n_jobs=2)(delayed(judged)(*each) for each in asked)
    frame = pd.DataFrame([row for part in parts for row in part])
    run.save(frame)
    run.publish(table(frame, run))


def judged(loss: str, model: str, k: int) -> list[dict[str, object]]:
    """One row for each method and patient group of one study."""
    cohort = study(loss, k)
    covariates = "age + sex + log(icv)" if loss == "study" else ""
    design = bc.prepare(cohort, covariates=covariates)
    fit = bc.fit(
        design, model=model, seed=k, draws=500, tune=300, chains=2, min_ess=0.0, cores=1, structures=False,
        progress=False,
    )  # fmt: skip
    right = cohort.truth["difference_percent"].sel(
        population=list(design.patients), region=list(design.regions)
    )
    classical = bc.ancova(design)
    called = xr.where(
        classical["q_value"] > LEVEL,
        "undecided",
        xr.where(classical["difference_percent"] < 0, "smaller", "larger"),
    )
    answers = {model: bc.volumes(fit, fdr=LEVEL)} | (
        {"ANCOVA": classical.assign(verdict=called)} if model == "separate" else {}
    )
    log_mean = cohort.truth["mean"].sel(region=list(design.regions))
    true_sd = (log_mean - log_mean.sel(population=design.control)) / design.scale.values
    rows = []
    for method, found in answers.items():
        margin = found.attrs.get("margin", 0.0)
        for population in design.patients:
            here, there = found.sel(population=population), right.sel(population=population)
            low, high = here["difference_percent_low"], here["difference_percent_high"]
            smaller, larger = here["verdict"] == "smaller", here["verdict"] == "larger"
            difference = true_sd.sel(population=population)
            wrong = (smaller & (difference >= -margin)) | (larger & (difference <= margin))
            error = here["difference_percent"] - there
            rows.append(
                {
                    "loss": loss, "method": method, "study": k, "population": population,
                    "covered": float(((low <= there) & (there <= high)).mean()),
                    "width": float((high - low).mean()),
                    "bias": float(error.mean()),
                    "squared_error": float((error**2).mean()),
                    "called": int((smaller | larger).sum()),
                    "wrong": int(wrong.sum()),
                }
            )  # fmt: skip
    return rows


def study(loss: str, k: int) -> bc.Cohort:
    """One cohort; the same for every model."""
    if loss == "study":
        return bc.simulate_study("ms-nmosd", seed=SEED + k)
    rng = np.random.default_rng([SEED, list(LOSSES).index(loss), k])
    plain = truth("null", p=REGIONS, rng=rng)
    mean = plain.mean.copy()
    mean[1:] = mean[0]
    mean[1] += LOSSES[loss][1](rng) * plain.sd[0]
    return simulate_cohort(replace(plain, mean=mean), SIZES, rng=rng)


def table(frame: pd.DataFrame, run: Run) -> str:
    """What held, by way of losing volume, patient group and method."""
    rows = []
    for (loss, population, method), part in frame.groupby(["loss", "population", "method"], sort=False):
        if population != frame["population"].iloc[0] and loss not in ("none", "study"):
            continue  # the group that loses nothing: as in the first rows
        wrong = part["wrong"].sum() / max(1, part["called"].sum())
        rows.append(
            {
                "loses": "as in the packaged study" if loss == "study" else LOSSES[loss][0],
                "group": population,
                "method": method,
                "studies": part["study"].nunique(),
                "covered": f"{part['covered'].mean():.3f}",
                "standard error": f"{part['covered'].std() / np.sqrt(len(part)):.3f}",
                "width, points": f"{part['width'].mean():.1f}",
                "bias": f"{part['bias'].mean():+.2f}",
                "RMSE": f"{np.sqrt(part['squared_error'].mean()):.2f}",
                "called a study": f"{part['called'].mean():.1f}",
                "of them wrong": f"{wrong:.3f}",
                "studies with a wrong call": f"{(part['wrong'] > 0).mean():.2f}",
            }
        )
    order = pd.DataFrame(rows).sort_values(["loses", "group"], kind="stable")
    command = "python benchmarks/volumes.py" + (" --small" if run.small else "")
    return f"{markdown(order)}\n\n`{command}`"


if __name__ == "__main__":
    main()

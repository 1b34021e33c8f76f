"""Do the intervals of graph measures cover, and how far are posterior means of a group's own measures off?

    python benchmarks/networks.py [--small]

Studies of 34 / 40 / 35 people and 14 regions whose groups differ a little everywhere (truth "dense") are simulated and
fitted by each model; the measures of `bayescov.networks` are held against those of the true correlation matrices. There are
two comparisons with controls a study.
"""

import numpy as np
import pandas as pd
from tables import markdown, run_of

import bayescov as bc
from bayescov.cohort.sides import homologous_pairs
from bayescov.graphs import measure
from bayescov.simulate import simulate_cohort, truth

MODELS = ("adaptive", "pooled", "separate")
SETTINGS = {"draws": 500, "tune": 300, "chains": 2, "min_ess": 200.0, "max_draws": 4500}
THRESHOLD = 0.3


def main() -> None:
    run = run_of("networks", __doc__)
    studies = 3 if run.small else 25
    rows = [row for seed in range(studies) for model in MODELS for row in one_study(seed, model)]
    frame = pd.DataFrame(rows)
    run.save(frame)
    run.publish(table(frame, studies))


def one_study(seed: int, model: str) -> list[dict[str, object]]:
    """A row for each patient group and measure."""
    rng = np.random.default_rng([7, seed])
    world = truth("dense", p=14, rng=rng)
    design = bc.prepare(simulate_cohort(world, rng=rng))
    fit = bc.fit(design, model=model, seed=seed, progress=False, **SETTINGS)
    found = bc.networks(fit, threshold=THRESHOLD, seed=seed)
    pairs = homologous_pairs([str(r) for r in found["region"].values])
    true = [
        measure(c.copy(), threshold=THRESHOLD, seed=1, random_seed=seed, homologues=pairs).whole
        for c in world.correlation
    ]
    rows = []
    for g, population in enumerate(found["population"].values, start=1):
        for name in found["measure"].values:
            cell = found.sel(population=population, measure=name)
            difference = true[g][name] - true[0][name]
            low, high = float(cell["difference_low"]), float(cell["difference_high"])
            rows.append(
                {
                    "study": seed,
                    "model": model,
                    "population": population,
                    "measure": name,
                    "covered": low - 1e-9 <= difference <= high + 1e-9,
                    "true": true[g][name],
                    "mean": float(cell["mean"]),
                    "true_difference": difference,
                    "difference": float(cell["difference"]),
                }
            )
    return rows


def table(frame: pd.DataFrame, studies: int) -> str:
    rows = []
    for name in frame["measure"].unique():
        row = {"measure": name.replace("_", " ")}
        for model in MODELS:
            of = frame[(frame["measure"] == name) & (frame["model"] == model)]
            off = (of["mean"].mean() - of["true"].mean()) / of["true"].mean()
            row[f"{model}: covered"] = f"{100 * of['covered'].mean():.0f} %"
            row[f"{model}: off by"] = f"{100 * off:+.0f} %".replace("-", "−")
        rows.append(row)
    every = {"measure": "all"}
    for model in MODELS:
        every[f"{model}: covered"] = f"{100 * frame[frame['model'] == model]['covered'].mean():.0f} %"
        every[f"{model}: off by"] = ""
    return (
        f"{studies} simulated studies of 34 / 40 / 35 people and 14 regions. Covered: how many of the 95 % intervals of the "
        f"difference from controls ({2 * studies} a measure; the standard error of a share of 95 % is "
        f"{100 * np.sqrt(0.95 * 0.05 / (2 * studies)):.0f} points) hold the true difference. Off by: the posterior mean of a patient "
        f"group's own measure, relative to the true one.\n\n{markdown(pd.DataFrame([*rows, every]))}\n\n"
        "`python benchmarks/networks.py`; every study in `results/networks.csv`."
    )


if __name__ == "__main__":
    main()

"""Random splits of one healthy group: how many connections does each rule call changed? The truth is none.

    python benchmarks/nulls.py [--small]

One group of 1,075 healthy people is simulated, Normal with the correlations of 15 subcortical regions that 1,075
real people have (packaged with bayescov.simulate). Each split takes 34 "controls" and 40 and 35 "patients" from it at
random, and every rule is put to the split; the model `adaptive` to the first hundred.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from joblib import Parallel, delayed
from tables import Run, markdown, run_of

import bayescov as bc
from bayescov.simulate.correlations import packaged_table

SIZES = {"control": 34, "40 people": 40, "35 people": 35}
PEOPLE = 1_075
SPLITS, SPLITS_SMALL = 500, 60
FITTED, FITTED_SMALL = 100, 2
PERMUTATIONS = 10_000
LEVEL = 0.05
SEED = 2023

# What the answers of a fit say of numbers of connections.
STATED = ("n_added", "n_added_low", "n_missing", "n_missing_low")
POSTERIOR = "bayescov, named at FDR 0.05"

Rules = Callable[[bc.Design, int], dict[str, xr.Dataset]]


def main() -> None:
    run = run_of("nulls", __doc__)
    pool, regions = healthy_people()
    n_splits, n_fitted = (SPLITS_SMALL, FITTED_SMALL) if run.small else (SPLITS, FITTED)
    asked = [(split, classical) for split in range(n_splits)] + [
        (split, posterior) for split in range(n_fitted)
    ]
    parts = Parallel(n_jobs=2)(delayed(calls_of)(split, pool, regions, rules) for split, rules in asked)
    frame = pd.DataFrame([row for part in parts for row in part])
    run.save(frame)
    figure(frame, run)
    run.publish(table(frame, n_edges=len(regions) * (len(regions) - 1) // 2))


def healthy_people() -> tuple[np.ndarray, list[str]]:
    """(person, region) of the one group that is split."""
    correlation = packaged_table("healthy_correlation").set_index("region")
    rng = np.random.default_rng([SEED, 0])
    root = np.linalg.cholesky(correlation.to_numpy())
    return rng.normal(size=(PEOPLE, len(root))) @ root.T, list(correlation.index)


def calls_of(split: int, pool: np.ndarray, regions: list[str], rules: Rules) -> list[dict[str, object]]:
    """One row for every rule and patient group of one split."""
    rng = np.random.default_rng([SEED, 1, split])
    people = rng.choice(len(pool), sum(SIZES.values()), replace=False)
    cohort = bc.Cohort.from_frames(
        pd.DataFrame(pool[people], index=[f"p{i}" for i in people], columns=regions),
        np.repeat(list(SIZES), list(SIZES.values())),
        control="control",
    )
    design = bc.prepare(cohort, transform="identity")
    rows = []
    for rule, answers in rules(design, split).items():
        for population in design.patients:
            row = answers.sel(population=population)
            counted = {kind: int((row["verdict"] == kind).sum()) for kind in ("added", "missing")}
            stated = {name: float(row[name]) for name in STATED if name in row}
            rows.append({"split": split, "rule": rule, "population": population} | counted | stated)
    return rows


def classical(design: bc.Design, seed: int) -> dict[str, xr.Dataset]:
    """The verdicts (population, edge) of every rule without a model."""
    fisher = bc.fisher_z(design)
    permuted = bc.permutation_test(design, n_permutations=PERMUTATIONS, seed=seed)
    return {
        f"naive, p < {LEVEL:g} in one group only": bc.naive(design, alpha=LEVEL),
        f"naive, FDR < {LEVEL:g} in one group only": bc.naive(design, alpha=LEVEL, correction="fdr"),
        f"Fisher z of the difference, p < {LEVEL:g}": verdict(fisher, fisher["p_value"]),
        f"Fisher z of the difference, FDR {LEVEL:g}": verdict(fisher, fisher["q_value"]),
        f"permutation of the difference, FDR {LEVEL:g}": verdict(permuted, permuted["q_value"]),
        f"permutation of the difference, max-T {LEVEL:g}": verdict(permuted, permuted["p_max_t"]),
    }


def posterior(design: bc.Design, seed: int) -> dict[str, xr.Dataset]:
    """The verdicts of `adaptive`, and what it states of numbers of connections."""
    fit = bc.fit(design, seed=seed, draws=800, chains=2, min_ess=0.0, cores=1, progress=False)
    return {POSTERIOR: bc.connections(fit, fdr=LEVEL)}


def verdict(test: xr.Dataset, p: xr.DataArray) -> xr.Dataset:
    """A significant difference is called added where the correlation is stronger than in controls, else missing."""
    stronger = np.abs(test["correlation"]) > np.abs(test["control_correlation"])
    return xr.where(p <= LEVEL, xr.where(stronger, "added", "missing"), "unchanged").to_dataset(
        name="verdict"
    )


def table(frame: pd.DataFrame, *, n_edges: int) -> str:
    """Mean numbers of connections called, and the share of comparisons with any call at all."""
    rows = []
    for rule, part in frame.groupby("rule", sort=False):
        row: dict[str, object] = {"rule": rule, "splits": part["split"].nunique()}
        for population, group in part.groupby("population", sort=False):
            row[f"{population}: added"] = f"{group['added'].mean():.2f}"
            row[f"{population}: missing"] = f"{group['missing'].mean():.2f}"
        any_call = (part["added"] + part["missing"]) > 0
        row["comparisons with any call"] = f"{100 * any_call.mean():.1f} %"
        rows.append(row)
    naive = frame[frame["rule"].str.startswith("naive, p")]
    first = naive[naive["population"] == list(SIZES)[1]]
    fitted = frame[frame["rule"] == POSTERIOR]
    certain = (fitted["n_added_low"] > 0) | (fitted["n_missing_low"] > 0)
    return (
        f"Mean numbers of connections, of {n_edges}, that each rule calls changed in random splits of one simulated healthy "
        f"group into {' / '.join(map(str, SIZES.values()))}. The truth is none. The naive rule calls "
        f"{first['added'].mean():.0f} added and {first['missing'].mean():.0f} missing in the larger patient group.\n\n"
        f"{markdown(pd.DataFrame(rows))}\n\n"
        f"The posterior of `adaptive` expects {fitted['n_added'].mean():.1f} added and {fitted['n_missing'].mean():.1f} missing "
        f"on average (median {fitted['n_added'].median():.1f} and {fitted['n_missing'].median():.1f}), since so few people "
        f"cannot rule them out; in {certain.sum()} of {len(fitted)} comparisons its 95 % interval of one of these numbers leaves "
        "out zero.\n\n"
        f"`python benchmarks/nulls.py`; {PERMUTATIONS:,} permutations; every split in `results/nulls.csv`."
    )


def figure(frame: pd.DataFrame, run: Run) -> None:
    """Calls in each split, by rule."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "nulls"})
    import matplotlib.pyplot as plt

    frame = frame.assign(called=frame["added"] + frame["missing"])
    rules = list(dict.fromkeys(frame["rule"]))
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    calls = [frame.loc[frame["rule"] == rule, "called"].to_numpy() for rule in rules]
    axes.boxplot(calls[::-1], orientation="horizontal", whis=(2.5, 97.5), showfliers=False, widths=0.6)
    axes.set_yticks(range(1, len(rules) + 1), rules[::-1])
    axes.set_xlabel("connections called changed in one patient group; the truth is none")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(run.folder / "nulls.svg", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()

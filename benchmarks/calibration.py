"""Are the stated probabilities true? Runs `bayescov.simulate.calibrate` over truths, sizes and models; writes tables.

    python benchmarks/calibration.py [--small] [--sizes 35] [--regions 14] [--datasets 20] [--models adaptive,pooled]

Writes results/calibration_n<sizes>_p<regions>.csv (one row a model and truth), reliability beside it as a table and as a
figure, and refreshes the tables in benchmarks/README.md and, of one model, in its card in models/. Every answer is kept in
results/runs.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from tables import Run, markdown, options, refresh

from bayescov.simulate.calibrate import MAIN_TRUTHS, calibrate
from bayescov.simulate.judgement import judge, reliability
from bayescov.simulate.truths import truth_names

SIZES = {"20": (20, 20, 20), "35": (34, 40, 35), "100": (102, 120, 105)}
CARDS = Path(__file__).resolve().parent.parent / "models"


def main() -> None:
    """Parse, run, write."""
    parser = options(__doc__)
    parser.add_argument("--sizes", default="35", choices=sorted(SIZES))
    parser.add_argument("--regions", type=int, default=14)
    parser.add_argument("--datasets", type=int, default=20)
    parser.add_argument("--models", default="adaptive")
    parser.add_argument("--truths", default=",".join(MAIN_TRUTHS), help="names, or 'others'")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    others = tuple(name for name in truth_names() if name not in MAIN_TRUTHS)
    names = others if asked.truths == "others" else tuple(asked.truths.split(","))
    models = asked.models.split(",")
    start = time.perf_counter()
    runs = calibrate(
        names,
        models=models,
        sizes=SIZES[asked.sizes],
        p=asked.regions,
        datasets=2 if asked.small else asked.datasets,
        seed=asked.seed,
        jobs=2,
    )
    table = judge(runs)
    stem = f"calibration_n{asked.sizes}_p{asked.regions}" + ("" if names == MAIN_TRUTHS else "_more")
    if models != ["adaptive"]:
        stem += "_" + "_".join(models)
    run = Run(stem, asked.small)
    run.save(table)
    kept = run.folder / "runs"
    kept.mkdir(exist_ok=True)
    runs.to_csv(kept / f"{stem}.csv.gz", index=False, float_format="%.6g")
    curves = []
    for (model, name), part in runs.groupby(["model", "truth"], sort=False):
        stated = part[["p_added", "p_missing"]].to_numpy().T.ravel()
        happened = part[["added", "missing"]].to_numpy().T.ravel()
        curves.append(reliability(stated, happened).assign(model=model, truth=name))
    reliable = Run(f"{stem}_reliability", asked.small)
    reliable.save(pd.concat(curves))
    draw(pd.concat(curves), reliable.folder / f"{stem}_reliability.svg")
    text = _page(table, asked, time.perf_counter() - start)
    run.publish(text)
    if not asked.small and len(models) == 1:
        refresh(CARDS / f"{models[0]}.md", stem, text)


def draw(curves: pd.DataFrame, path: Path) -> None:
    """Stated probability against the share that happened, a panel a truth; points grow with the number of statements."""
    import matplotlib as mpl
    import numpy as np

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": path.stem})
    from matplotlib import pyplot as plt

    truths = list(curves["truth"].unique())
    figure, axes = plt.subplots(
        1, len(truths), figsize=(2.7 * len(truths), 2.9), squeeze=False, sharey=True, layout="constrained"
    )
    for ax, name in zip(axes[0], truths, strict=True):
        ax.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, zorder=0)
        for model, part in curves[curves["truth"] == name].groupby("model", sort=False):
            (line,) = ax.plot(part["stated"], part["happened"], linewidth=1.2, label=model)
            size = 8 + 12 * np.log10(part["count"])
            ax.scatter(part["stated"], part["happened"], s=size, color=line.get_color(), zorder=3)
        ax.set(
            title=name, xlabel="stated probability", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal"
        )
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("share that happened")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """What of the judgements is published, as texts."""
    return pd.DataFrame(
        {
            "model": table["model"],
            "truth": table["truth"],
            "ECE": table["ece"].map("{:.3f}".format),
            "stated": table["stated"].map("{:.3f}".format),
            "happened": table["true"].map("{:.3f}".format),
            "called, right": [
                f"{a}, {b}" for a, b in zip(table["called"], table["called_true"], strict=True)
            ],
            "FDR": table["realised_fdr"].map("{:.3f}".format),
            "BH called, right": [
                f"{a}, {b}" for a, b in zip(table["bh_called"], table["bh_true"], strict=True)
            ],
            "BH right at equal FDR": table["bh_equal"],
            "at equal share of calls": table["bh_equal_calls"],
            "ROC evidence": table["auc_evidence"].map("{:.3f}".format),
            "ROC Fisher z": table["auc_fisher_z"].map("{:.3f}".format),
            "coverage": table["coverage"].map("{:.3f}".format),
            "RMSE": table["rmse"].map("{:.3f}".format),
        }
    )


def _page(table: pd.DataFrame, asked: argparse.Namespace, seconds: float) -> str:
    command = f"python benchmarks/calibration.py --sizes {asked.sizes} --regions {asked.regions}"
    command += (
        f" --datasets {asked.datasets} --models {asked.models} --truths {asked.truths} --seed {asked.seed}"
    )
    sizes = " / ".join(map(str, SIZES[asked.sizes]))
    minutes = round(seconds / 60)
    return (
        f"{sizes} people (controls first), {asked.regions} regions, {table['datasets'].iloc[0]} data sets a row, "
        f"{minutes} minute{'' if minutes == 1 else 's'}. `{command}`\n\n{markdown(shown(table))}"
    )


if __name__ == "__main__":
    main()

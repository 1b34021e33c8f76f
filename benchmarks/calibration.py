"""Are the stated probabilities true? Runs `bayescov.simulate.calibrate` over truths, sizes and models; writes tables.

    python benchmarks/calibration.py [--small] [--sizes 35] [--regions 14] [--datasets 20] [--models adaptive,pooled]

Writes results/calibration_n<sizes>_p<regions>.csv (one row a model and truth), reliability beside it, and refreshes the
tables in benchmarks/README.md and models/README.md.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from tables import Run, markdown, refresh

from bayescov.simulate.calibrate import MAIN_TRUTHS, calibrate, judge, reliability
from bayescov.simulate.truths import truth_names

SIZES = {"20": (20, 20, 20), "35": (34, 40, 35), "100": (102, 120, 105)}
MODELS = Path(__file__).resolve().parent.parent / "models" / "README.md"


def main() -> None:
    """Parse, run, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="two data sets a truth: does it run?")
    parser.add_argument("--sizes", default="35", choices=sorted(SIZES))
    parser.add_argument("--regions", type=int, default=14)
    parser.add_argument("--datasets", type=int, default=20)
    parser.add_argument("--models", default="adaptive")
    parser.add_argument("--truths", default=",".join(MAIN_TRUTHS), help="names, or 'all'")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    names = truth_names() if asked.truths == "all" else tuple(asked.truths.split(","))
    start = time.perf_counter()
    runs = calibrate(
        names,
        models=asked.models.split(","),
        sizes=SIZES[asked.sizes],
        p=asked.regions,
        datasets=2 if asked.small else asked.datasets,
        seed=asked.seed,
        jobs=2,
    )
    table = judge(runs)
    stem = f"calibration_n{asked.sizes}_p{asked.regions}" + ("" if names == MAIN_TRUTHS else "_more")
    run = Run(stem, asked.small)
    run.save(table)
    curves = []
    for (model, name), part in runs.groupby(["model", "truth"], sort=False):
        stated = part[["p_added", "p_missing"]].to_numpy().T.ravel()
        happened = part[["added", "missing"]].to_numpy().T.ravel()
        curves.append(reliability(stated, happened).assign(model=model, truth=name))
    Run(f"{stem}_reliability", asked.small).save(pd.concat(curves))
    text = _page(table, asked, time.perf_counter() - start)
    run.publish(text)
    if not asked.small:
        refresh(MODELS, stem, text)


def _page(table: pd.DataFrame, asked: argparse.Namespace, seconds: float) -> str:
    shown = pd.DataFrame(
        {
            "model": table["model"],
            "truth": table["truth"],
            "ECE": table["ece"].map("{:.3f}".format),
            "stated": table["stated"].map("{:.3f}".format),
            "happened": table["true"].map("{:.3f}".format),
            "called, right": [
                f"{a}, {b}" for a, b in zip(table["called"], table["called_true"], strict=True)
            ],
            "BH called, right": [
                f"{a}, {b}" for a, b in zip(table["bh_called"], table["bh_true"], strict=True)
            ],
            "ROC evidence": table["auc_evidence"].map("{:.3f}".format),
            "ROC Fisher z": table["auc_fisher_z"].map("{:.3f}".format),
            "coverage": table["coverage"].map("{:.3f}".format),
            "RMSE": table["rmse"].map("{:.3f}".format),
        }
    )
    command = f"python benchmarks/calibration.py --sizes {asked.sizes} --regions {asked.regions}"
    command += (
        f" --datasets {asked.datasets} --models {asked.models} --truths {asked.truths} --seed {asked.seed}"
    )
    sizes = " / ".join(map(str, SIZES[asked.sizes]))
    return (
        f"{sizes} people (controls first), {asked.regions} regions, {table['datasets'].iloc[0]} data sets a row, "
        f"{seconds / 60:.0f} minutes. `{command}`\n\n{markdown(shown)}"
    )


if __name__ == "__main__":
    main()

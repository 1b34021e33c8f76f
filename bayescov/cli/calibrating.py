"""``bayescov calibrate``: do the probabilities that a model states come true, where the truth is known?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayescov.cli.app import Debug, Margin, Out, Seed, Threshold, app
from bayescov.cli.planning import sizes_of
from bayescov.cli.speaking import console, say, spoken

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calibrate"]


@app.command()
@spoken
def calibrate(
    size: Annotated[
        str, typer.Argument(metavar="[N]", help="People: 35, or controls/first/second as in 34/40/35; 34/40/0 has one patient group.")
    ] = "34/40/35",
    truths: Annotated[
        str, typer.Option(help="Names separated by commas, or all.")
    ] = "null,sparse,half,dense",
    models: Annotated[str, typer.Option(help="Names separated by commas; all see the same data.")] = "adaptive",
    regions: Annotated[int, typer.Option(min=4, help="Number of regions.")] = 14,
    datasets: Annotated[int, typer.Option(min=1, help="Simulated studies of each truth.")] = 20,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    seed: Seed = 1,
    jobs: Annotated[int, typer.Option(help="Studies at the same time, -1 for all cores.")] = -1,
    out: Out = Path("calibration"),
    debug: Debug = False,
) -> None:  # fmt: skip
    """Simulate studies of known truth, fit each, and say whether the stated probabilities came true.

    Truths, how the groups differ: null (not at all), sparse (few edges, a lot), half (20 edges of one group), dense (every edge, a
    little); variance_only, heavy_tails, severity, noise, hub, mirrored, few, many_small, one_dense, module, hemispheres,
    odd_controls, weak, one_region, shift (each is told by `bayescov.simulate.truth` in Python).

    Writes calibration.csv (a row for each model and truth), runs.csv (a row for each connection) and reliability.svg.
    Ten to thirty seconds a study and model on one core, by the machine.
    """
    from bayescov.cli.run import folder
    from bayescov.cli.showing import show_points
    from bayescov.model import load_model
    from bayescov.simulate.calibrate import calibrate as simulated
    from bayescov.simulate.judgement import judge
    from bayescov.simulate.truths import truth_names

    names = truth_names() if truths == "all" else tuple(t.strip() for t in truths.split(","))
    specs = [load_model(m.strip()) for m in models.split(",")]
    target = folder(out)
    runs = simulated(
        names, models=specs, sizes=sizes_of(size), p=regions, datasets=datasets, seed=seed, threshold=threshold,
        margin=margin, jobs=jobs,
    )  # fmt: skip
    table = judge(runs, margin=margin)
    show_table(table)
    show_points("In words", in_words(table))
    table.to_csv(target / "calibration.csv", index=False)
    runs.to_csv(target / "runs.csv", index=False)
    draw(runs, target / "reliability.svg")
    say()
    say(f"Written to {target}: calibration.csv, runs.csv, reliability.svg.")


def show_table(table: "pd.DataFrame") -> None:
    """One row a model and truth."""
    from rich.table import Table

    shown = Table(
        "model", "truth", "ECE", "stated", "happened", "called", "right", "coverage", box=None, pad_edge=False
    )
    for row in table.to_dict("records"):
        shown.add_row(
            row["model"],
            row["truth"],
            *(f"{row[name]:.3f}" for name in ("ece", "stated", "true")),
            *(f"{row[name]}" for name in ("called", "called_true")),
            f"{row['coverage']:.3f}",
        )
    console().print(shown)


def in_words(table: "pd.DataFrame") -> list[str]:
    """What the columns mean, and the worst row of each model."""
    lines = []
    for model, part in table.groupby("model", sort=False):
        worst = part.sort_values("ece").iloc[-1]
        lines.append(
            f"{model}: stated probabilities of added and missing are off by {part['ece'].mean():.3f} on average over the truths, "
            f"by {worst['ece']:.3f} at worst ({worst['truth']}: stated {worst['stated']:.3f}, happened {worst['true']:.3f})."
        )
        called, right = int(part["called"].sum()), int(part["called_true"].sum())
        named = (
            f"{called} connections were named, {called - right} of them wrongly"
            if called
            else "none was named"
        )
        same, stayed = int(part["unchanged"].sum()), int(part["unchanged_true"].sum())
        named += f"; {same} were called unchanged" + (f", {same - stayed} of them wrongly" if same else "")
        lines.append(
            f"{model}: {named}; the 95 % intervals covered in {100 * part['coverage'].min():.0f} % at least."
        )
    return lines


def draw(runs: "pd.DataFrame", path: Path) -> None:
    """A reliability curve for each model and truth."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    from bayescov.report.figures import plot_reliability

    models, truths = list(runs["model"].unique()), list(runs["truth"].unique())
    figure, axes = plt.subplots(
        len(models), len(truths), figsize=(3.1 * len(truths), 3.2 * len(models)), squeeze=False, layout="constrained"
    )  # fmt: skip
    for row, model in zip(axes, models, strict=True):
        for ax, truth in zip(row, truths, strict=True):
            part = runs[(runs["model"] == model) & (runs["truth"] == truth)]
            stated = part[["p_added", "p_missing"]].to_numpy().ravel()
            plot_reliability(stated, part[["added", "missing"]].to_numpy().ravel(), ax=ax)
            ax.set_title(f"{model}, {truth}", fontsize=10)
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)

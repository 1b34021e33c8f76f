"""Commands that ask a stored fit further questions. Each prints sentences and writes tidy tables beside the fit."""

from pathlib import Path
from typing import Annotated

import typer

from bayescov.cli.app import Debug, Fdr, Kind, Margin, Permutations, Seed, Threshold, app
from bayescov.cli.speaking import say, spoken

__all__ = ["Beside", "Fit", "compare_models", "differentiate", "networks", "predictive_checks", "report", "sensitivity"]  # fmt: skip

Fit = Annotated[
    Path,
    typer.Argument(metavar="FIT", help="Folder of the results of `bayescov fit`, or the fit.zarr in it."),
]
Fits = Annotated[
    list[Path], typer.Argument(metavar="FIT FIT...", help="Folders of results for the same table, or fit.zarr files.")
]  # fmt: skip
Beside = Annotated[
    Path | None, typer.Option("--out", help="Folder of the answers; by default the fit's own.")
]
Between = Annotated[
    str | None, typer.Option(help="Two groups: MS,NMOSD. By default the patient groups, if there are two.")
]
Folds = Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")]
Jobs = Annotated[int, typer.Option(help="Fits at the same time, -1 for all cores; the result does not depend on it.")]  # fmt: skip


@app.command()
@spoken
def networks(
    fit: Fit,
    threshold: Threshold = 0.3,
    kind: Kind = "correlation",
    hubs: Annotated[
        int | None,
        typer.Option(min=1, help="A region is a hub if it is among so many; by default 3, at most a third."),
    ] = None,
    draws: Annotated[int, typer.Option(min=50, help="Posterior draws that are measured.")] = 200,
    permutations: Permutations = 1000,
    seed: Seed = 0,
    out: Beside = None,
    debug: Debug = False,
) -> None:
    """Measure each group's network (density, efficiency, hubs, ...) and the differences from controls.

    Writes networks.csv and network_regions.csv.
    """
    import bayescov as bc
    from bayescov.cli.kept import open_kept
    from bayescov.cli.showing import show_points, within_limits
    from bayescov.report.networks import network_sentences
    from bayescov.sampling.tree import design_of

    kept = open_kept(fit, out)
    found = bc.networks(kept.fit, threshold=threshold, kind=kind, hubs=hubs, draws=draws, seed=seed)
    test = within_limits(
        "the permutation test",
        lambda: bc.network_test(
            design_of(kept.fit), threshold=threshold, kind=kind, n_permutations=permutations, seed=seed
        ),
    )
    whole = bc.to_frame(found, over=("population", "measure"))
    if test is not None:
        p_values = bc.to_frame(test)[["population", "measure", "p_value", "q_value"]]
        whole = whole.merge(p_values, how="left", on=["population", "measure"])
    kept.write("networks.csv", whole)
    regional = bc.to_frame(found, over=("population", "regional_measure", "region"))
    hub = bc.to_frame(found, over=("population", "region"))
    kept.write("network_regions.csv", regional.merge(hub, how="left", on=["population", "region"]))
    show_points("Networks", [*network_sentences(found), found.attrs["bias"]])
    kept.finish()


@app.command()
@spoken
def sensitivity(
    fit: Fit,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    kind: Kind = "correlation",
    certainty: Annotated[
        float, typer.Option(min=0.51, max=0.999, help="Probability from which a sentence is said.")
    ] = 0.9,
    refits: Annotated[
        bool, typer.Option("--refits", help="Fit again under other priors too: takes ten times as long as the fit.")
    ] = False,
    seed: Seed = 0,
    out: Beside = None,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Ask whether another definition, another prior or one person fewer would change the study's sentence.

    Writes sensitivity.csv and sensitivity_priors.csv.
    """
    import bayescov as bc
    from bayescov.cli.kept import open_kept
    from bayescov.cli.showing import show_points
    from bayescov.report.fragility import fragility_sentences

    kept = open_kept(fit, out)
    grid = bc.prior_grid(kept.fit) if refits else None
    if grid:
        say(f"Fitting {len(grid)} models that differ in one prior each.")
    found = bc.sensitivity(
        kept.fit, threshold=threshold, margin=margin, kind=kind, certainty=certainty, refits=grid, seed=seed
    )
    table = bc.to_frame(found, over=("scenario", "population"))
    of_scenario = found[["kind", "pareto_k", "trusted"]].to_dataframe().reset_index()
    kept.write("sensitivity.csv", table.merge(of_scenario, how="left", on="scenario"))
    kept.write("sensitivity_priors.csv", bc.to_frame(found, over=("part", "population")))
    show_points("Does the sentence survive?", fragility_sentences(found))
    kept.finish()


@app.command("predictive-checks")
@spoken
def predictive_checks(
    fit: Fit,
    draws: Annotated[int, typer.Option(min=2, help="Replicated studies.")] = 300,
    seed: Seed = 0,
    out: Beside = None,
    debug: Debug = False,
) -> None:
    """Compare the volumes seen with volumes drawn from the fitted model.

    Writes predictive_checks.csv.
    """
    import pandas as pd

    import bayescov as bc
    from bayescov.cli.kept import open_kept
    from bayescov.cli.showing import show_checks

    kept = open_kept(fit, out)
    found = bc.posterior_predictive_checks(kept.fit, draws=draws, seed=seed)
    tables = []
    for name, dim in (("sd", "region"), ("correlation", "edge"), ("eigenvalue", "rank"), ("tail", "tail")):
        table = bc.to_frame(found, over=("population", dim))
        labels = table[["region_a", "region_b"]].agg(" ~ ".join, axis=1) if dim == "edge" else table[dim]
        values = table[[c for c in table if str(c).startswith(f"{name}_")]]
        values.columns = [str(c).removeprefix(f"{name}_") for c in values]
        first = {"statistic": name, "population": table["population"], "element": labels.astype(str)}
        tables.append(pd.concat([pd.DataFrame(first), values], axis=1))
    kept.write("predictive_checks.csv", pd.concat(tables, ignore_index=True))
    show_checks(bc.judge_predictions(found))
    kept.finish()


@app.command()
@spoken
def differentiate(
    fit: Fit,
    between: Between = None,
    model: Annotated[str | None, typer.Option(help="As for fit; by default the fit's own model.")] = None,
    folds: Folds = 5,
    repeats: Annotated[int, typer.Option(min=1, help="How often people are divided anew.")] = 1,
    jobs: Jobs = -1,
    seed: Seed = 0,
    out: Beside = None,
    debug: Debug = False,
) -> None:
    """Tell two diagnoses apart by cross-validation that fits everything anew in every fold.

    Writes differentiation.csv and differentiation_people.csv. Takes as long as that many fits.
    """
    import bayescov as bc
    from bayescov.cli.kept import open_kept, pair
    from bayescov.cli.showing import show_points
    from bayescov.report.apart import apart_sentences
    from bayescov.sampling.tree import design_of, spec_of

    kept = open_kept(fit, out)
    design = design_of(kept.fit)
    found = bc.differentiate(
        design, pair(between, design.populations), model=model or spec_of(kept.fit), folds=folds, repeats=repeats,
        jobs=jobs, seed=seed,
    )  # fmt: skip
    kept.write("differentiation.csv", bc.to_frame(found, over="classifier"))
    people = found["probability"].T.to_pandas().reset_index()
    a = found.attrs
    diagnosis = found["positive"].to_series().map({True: a["positive"], False: a["negative"]})
    people.insert(1, "diagnosis", diagnosis.to_numpy())
    kept.write("differentiation_people.csv", people)
    show_points(f"Telling {a['positive']} from {a['negative']}", apart_sentences(found))
    kept.finish()


@app.command("compare-models")
@spoken
def compare_models(
    fits: Fits,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    fdr: Fdr = 0.05,
    refits: Annotated[
        int, typer.Option(min=0, help="Fit again without so many people at most, where importance sampling fails.")
    ] = 0,
    seed: Seed = 0,
    out: Beside = None,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Compare fits of one table by how well they predict people they have not seen; average their verdicts.

    Writes models.csv and connections_averaged.csv to the first fit's folder.
    """
    import bayescov as bc
    from bayescov.cli.kept import named_fits, open_kept
    from bayescov.cli.showing import show_points
    from bayescov.report.apart import model_rows, model_sentence

    kept = open_kept(fits[0], out)
    by_name = named_fits(fits)
    found = bc.compare_models(by_name, refits=refits, seed=seed)
    kept.write("models.csv", bc.to_frame(found, over="model"))
    mixed = bc.average_connections(by_name, found, threshold=threshold, margin=margin, fdr=fdr)
    kept.write("connections_averaged.csv", bc.to_frame(mixed))
    show_points("Which model predicts people it has not seen best?", [model_sentence(found)])
    rows = [f"{row.model}: {row.difference}, weight {row.weight}" for row in model_rows(found)]
    show_points("Behind the best (log density), and weight by stacking", rows)
    kept.finish()


@app.command()
@spoken
def report(
    fit: Fit,
    with_fits: Annotated[
        list[Path] | None, typer.Option("--with", help="Another fit of the same table, to compare the models; may be repeated.")
    ] = None,
    between: Annotated[
        str | None, typer.Option(help="Also tell these two groups apart: MS,NMOSD. Takes as long as five fits.")
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Without networks and sensitivity.")] = False,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    kind: Kind = "correlation",
    fdr: Fdr = 0.05,
    jobs: Jobs = -1,
    seed: Annotated[int | None, typer.Option(min=0, help="Of permutations and networks; by default the fit's own.")] = None,
    out: Beside = None,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Write the report of a stored fit anew: with networks and sensitivity, and more where asked for.

    Writes report.html, and supplement.html: all connections and volumes as formatted tables.
    """
    import bayescov as bc
    from bayescov.cli.further import further
    from bayescov.cli.kept import named_fits, open_kept, pair
    from bayescov.cli.run import Options, typed
    from bayescov.cli.showing import within_limits
    from bayescov.posterior.arguments import KINDS, require_choice
    from bayescov.report import report as write
    from bayescov.report.supplement import supplement_page
    from bayescov.sampling.tree import design_of, seed_of, spec_of

    require_choice("kind", kind, KINDS)
    kept = open_kept(fit, out)
    design = design_of(kept.fit)
    # So that a report written anew has the p-values of the first.
    seed = seed_of(kept.fit) if seed is None else seed
    options = Options(threshold=threshold, margin=margin, fdr=fdr, seed=seed, debug=debug)
    answers = {} if brief else further(kept.fit, options, kind=kind)
    if between is not None:
        answers["differentiation"] = bc.differentiate(
            design, pair(between, design.populations), model=spec_of(kept.fit), jobs=jobs, seed=seed
        )
    if with_fits:
        answers["models"] = bc.compare_models(named_fits([fit, *with_fits]), seed=seed)
    twin = within_limits("the permutation test", lambda: bc.permutation_test(design, kind=kind, seed=seed))
    write(
        kept.fit, kept.target / "report.html", classical=twin,
        threshold=threshold, margin=margin, kind=kind, fdr=fdr, command=typed(), **answers,
    )  # fmt: skip
    edges = bc.connections(kept.fit, threshold=threshold, margin=margin, kind=kind, fdr=fdr)
    page = supplement_page(edges, bc.volumes(kept.fit, fdr=fdr))
    (kept.target / "supplement.html").write_text(page, encoding="utf-8")
    kept.finish("report.html", "supplement.html")

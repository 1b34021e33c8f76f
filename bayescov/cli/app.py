"""The commands and their options. Heavy libraries are imported when a command runs, never for ``--help``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bayescov.cli.speaking import say, spoken
from bayescov.errors import TableError

__all__ = ["app"]

app = typer.Typer(
    name="bayescov",
    help="Which brain regions and which connections between them differ between patients and controls, and how sure one can be.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Tables = Annotated[
    list[str],
    typer.Argument(
        metavar="TABLE...",
        help="Volumes: a CSV or TSV file, or the file or folder your volumetry tool wrote; several are joined on the id.",
    ),
]
Participants = Annotated[
    str | None, typer.Option(help="A table with group and covariates, joined on the id.")
]
Id = Annotated[
    str | None, typer.Option("--id", help="Column of the subject ids; found by its name if not given.")
]
Group = Annotated[str | None, typer.Option(help="Column of the diagnosis; found by its name if not given.")]
Control = Annotated[str | None, typer.Option(help="The controls' name in it; HC, control, ... if not given.")]
Regions = Annotated[str, typer.Option(help="subcortical, all, or names separated by commas.")]
Exclude = Annotated[list[str] | None, typer.Option(help="Id of a person to leave out; may be repeated.")]
Unit = Annotated[
    str | None, typer.Option(help="mm3, cm3, ml or l, where it is told wrongly from the numbers.")
]
Visit = Annotated[
    str | None, typer.Option(help="first, last or a visit's name, where people have several rows.")
]
Covariates = Annotated[str, typer.Option(help='Right-hand side of a formula: "age + sex + log(icv)".')]
Transform = Annotated[str, typer.Option(help="log or identity.")]
Site = Annotated[str | None, typer.Option(help="Column of the scanner or centre.")]
Model = Annotated[str, typer.Option(help="A name from `bayescov models`, or the path of a TOML file.")]
Engine = Annotated[str, typer.Option(help="auto, gibbs (ours) or nuts (PyMC).")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same draws.")]
Draws = Annotated[int | None, typer.Option(min=50, help="Draws of each chain.")]
Chains = Annotated[int | None, typer.Option(min=1, help="Number of chains.")]
Threshold = Annotated[
    float, typer.Option(min=0.0, max=0.99, help="A connection is present where |correlation| exceeds this.")
]
Margin = Annotated[
    float, typer.Option(min=0.0, max=0.99, help="Added or missing: |correlation| differs by more than this.")
]
Fdr = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=0.99,
        help="Expected share of wrong verdicts (of one or two names three times it, in all).",
    ),
]
Out = Annotated[Path, typer.Option(help="Folder of the results; made if it is not there.")]
Stored = Annotated[
    Path | None,
    typer.Option("--fit", help="A folder of results or a stored fit (DIR/fit.zarr), instead of a table."),
]
Kind = Annotated[str, typer.Option(help="correlation, or partial (given all other regions).")]
Permutations = Annotated[int, typer.Option(min=1, help="Number of permutations.")]
Beside = Annotated[
    Path | None, typer.Option(help="Folder of the results; by default beside --fit, or results.")
]
Brief = Annotated[
    bool, typer.Option("--brief", help="Leave networks and sensitivity out of the report: some seconds less.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.command()
@spoken
def demo(
    out: Out = Path("demo"),
    model: Model = "adaptive",
    seed: Seed = 2023,
    draws: Draws = None,
    chains: Chains = None,
    brief: Brief = False,
    debug: Debug = False,
) -> None:
    """Simulate a study, fit it, and compare with its truth."""
    from bayescov.cli.run import RESULTS, Options, analyse, results_folder
    from bayescov.cli.showing import show_points
    from bayescov.simulate import recovery, simulate_study

    target = results_folder(out, ["study.csv", *RESULTS])
    cohort = simulate_study("ms-nmosd", seed=seed)
    say(f"A simulated study whose truth is known: {cohort!r}")
    assert cohort.truth is not None
    people = cohort.volumes.join(cohort.covariates)
    people.insert(0, "group", cohort.group)
    options = Options(
        covariates="age + sex + log(icv)", model=model, seed=seed, draws=draws, chains=chains, brief=brief,
        debug=debug,
    )  # fmt: skip
    outcome = analyse(cohort, options, target, study=people)
    found = recovery(cohort.truth, outcome.connections, outcome.volumes)
    show_points("Against the truth of the simulation", found)
    outcome.finish()


@app.command()
@spoken
def check(
    tables: Tables,
    participants: Participants = None,
    id: Id = None,
    group: Group = None,
    control: Control = None,
    regions: Regions = "subcortical",
    exclude: Exclude = None,
    unit: Unit = None,
    visit: Visit = None,
    debug: Debug = False,
) -> None:
    """Say what is in a table and what is wrong."""
    from bayescov.cli.run import reading
    from bayescov.cli.showing import show_checks
    from bayescov.cohort import check as check_table

    arguments = reading(
        tables, participants=participants, id=id, group=group, control=control, regions=regions,
        exclude=exclude or (), unit=unit, visit=visit,
    )  # fmt: skip
    checks = check_table(arguments.pop("source"), **arguments)
    show_checks([c for c in checks if c.name != "problem"])
    problems = [c.text for c in checks if c.name == "problem"]
    if problems:
        raise TableError(problems, source=" + ".join([*tables, *([participants] if participants else [])]))


@app.command()
@spoken
def fit(
    tables: Tables,
    participants: Participants = None,
    id: Id = None,
    group: Group = None,
    control: Control = None,
    regions: Regions = "subcortical",
    exclude: Exclude = None,
    unit: Unit = None,
    visit: Visit = None,
    covariates: Covariates = "",
    transform: Transform = "log",
    site: Site = None,
    model: Model = "adaptive",
    engine: Engine = "auto",
    seed: Seed = 2023,
    draws: Draws = None,
    chains: Chains = None,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    fdr: Fdr = 0.05,
    out: Out = Path("results"),
    brief: Brief = False,
    debug: Debug = False,
) -> None:
    """Fit a table, write the results and a report.

    Writes fit.zarr, connections.csv, volumes.csv and report.html to the folder given by --out, and prints what was found.
    """
    from bayescov.cli.run import RESULTS, Options, analyse, read, reading, results_folder

    target = results_folder(out, RESULTS, [*tables, *([participants] if participants else [])])
    arguments = reading(
        tables, participants=participants, id=id, group=group, control=control, regions=regions,
        exclude=exclude or (), unit=unit, visit=visit,
    )  # fmt: skip
    cohort = read(arguments)
    options = Options(
        covariates=covariates, transform=transform, site=site, model=model, engine=engine, seed=seed, draws=draws,
        chains=chains, threshold=threshold, margin=margin, fdr=fdr, brief=brief, debug=debug,
    )  # fmt: skip
    analyse(cohort, options, target).finish()


@app.command()
@spoken
def compare(
    context: typer.Context,
    tables: Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="As for fit.")] = None,
    stored: Stored = None,
    participants: Participants = None,
    id: Id = None,
    group: Group = None,
    control: Control = None,
    regions: Regions = "subcortical",
    exclude: Exclude = None,
    unit: Unit = None,
    visit: Visit = None,
    covariates: Covariates = "",
    transform: Transform = "log",
    site: Site = None,
    model: Model = "adaptive",
    engine: Engine = "auto",
    seed: Seed = 2023,
    draws: Draws = None,
    chains: Chains = None,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    kind: Kind = "correlation",
    fdr: Fdr = 0.05,
    permutations: Permutations = 10_000,
    out: Beside = None,
    debug: Debug = False,
) -> None:
    """Put the posterior beside the permutation test: which connections both call changed, which only one, and why.

    Takes a stored fit (--fit DIR, the folder of its results), or a table, which is fitted first. Writes comparison.csv, and
    fit.zarr where a table was fitted.
    """
    from bayescov.cli.comparing import compared, one_source
    from bayescov.cli.kept import open_kept
    from bayescov.cli.run import Options, fitted, folder, read, reading
    from bayescov.posterior.arguments import KINDS, require_choice

    require_choice("kind", kind, KINDS)
    one_source(context, tables or [], stored)
    options = Options(
        covariates=covariates, transform=transform, site=site, model=model, engine=engine, seed=seed, draws=draws,
        chains=chains, threshold=threshold, margin=margin, fdr=fdr, debug=debug,
    )  # fmt: skip
    if stored is not None:
        kept = open_kept(stored, out)
        compared(kept.fit, options, kept.target, kind=kind, permutations=permutations)
        return
    target = folder(out or Path("results"))
    arguments = reading(
        tables or [], participants=participants, id=id, group=group, control=control, regions=regions,
        exclude=exclude or (), unit=unit, visit=visit,
    )  # fmt: skip
    cohort = read(arguments)
    _, fit = fitted(cohort, options, target)
    compared(fit, options, target, kind=kind, permutations=permutations, also=["fit.zarr"])


@app.command()
@spoken
def models(debug: Debug = False) -> None:
    """List the models."""
    from bayescov.cli.showing import show_models

    show_models()


@app.callback(invoke_without_command=True)
def about(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> Any:
    """Say the version, or nothing."""
    if version:
        import bayescov

        say(bayescov.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit

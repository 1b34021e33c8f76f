"""``bayescov compare``: a fit from disk or from a table, put beside the permutation test."""

from collections.abc import Sequence
from pathlib import Path

import typer
import xarray as xr

from bayescov.cli.run import Options, show_trust
from bayescov.cli.showing import show_points
from bayescov.cli.speaking import say
from bayescov.errors import BayescovError

__all__ = ["compared", "one_source"]

# Options that a stored fit does not depend on any more; the rest belong to reading and fitting a table.
OF_THE_QUESTION = ("stored", "threshold", "margin", "kind", "fdr", "permutations", "seed", "out", "debug")


def one_source(context: typer.Context, tables: Sequence[str], stored: Path | None) -> None:
    """Refuse a table together with a fit, neither of them, and options that a stored fit would not obey."""
    if stored is None:
        if not tables:
            raise BayescovError(
                "what is to be compared? Give a table, as for `bayescov fit`, or --fit with a stored fit (DIR/fit.zarr)"
            )
        return
    if tables:
        raise BayescovError(
            f"give a table or --fit, not both: --fit {stored} holds the data it was made from, so leave out {tables[0]}"
        )
    given = [f"--{name}" for name in context.params if name not in OF_THE_QUESTION and _typed(context, name)]
    if given:
        raise BayescovError(
            f"{', '.join(given)} cannot change a stored fit: leave {'it' if len(given) == 1 else 'them'} out, or give the "
            "table instead of --fit to fit it anew"
        )


def _typed(context: typer.Context, name: str) -> bool:
    """Whether the option was on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def compared(
    fit: xr.DataTree,
    options: Options,
    target: Path,
    *,
    kind: str,
    permutations: int,
    also: Sequence[str] = (),
) -> None:
    """Write comparison.csv and say what it holds."""
    import bayescov as bc
    from bayescov.report.twin import twin_sentences
    from bayescov.sampling import diagnose

    comparison = bc.compare(
        fit, threshold=options.threshold, margin=options.margin, kind=kind, fdr=options.fdr,
        n_permutations=permutations, seed=options.seed,
    )  # fmt: skip
    bc.to_frame(comparison).to_csv(target / "comparison.csv", index=False)
    show_points("The posterior beside the permutation test", twin_sentences(comparison))
    show_trust(diagnose(fit))
    say()
    say(f"Written to {target}: {', '.join([*also, 'comparison.csv'])}.")

"""``bayescov plan``: what a study of so many people could find, before anybody is scanned."""

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayescov.cli.app import Debug, Fdr, Margin, Model, Seed, Threshold, app
from bayescov.cli.speaking import console, say, spoken
from bayescov.errors import AnswerError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["plan"]

Sizes = Annotated[
    list[str], typer.Argument(metavar="N...", help="People a group: 35, or controls/first/second: 34/40/35. Several are compared.")
]  # fmt: skip


@app.command()
@spoken
def plan(
    sizes: Sizes,
    regions: Annotated[int, typer.Option(min=4, help="Number of regions.")] = 14,
    effect: Annotated[
        float, typer.Option(min=0.0, max=1.5, help="Of planted: by how much a changed correlation is raised or lowered.")
    ] = 0.45,
    changed: Annotated[
        int | None, typer.Option(min=1, help="Of planted: changes in each patient group; 8, or a quarter of those of few regions.")
    ] = None,
    truth: Annotated[str, typer.Option(help="planted, or a named truth such as dense or null.")] = "planted",
    model: Model = "adaptive",
    studies: Annotated[int, typer.Option(min=1, help="Simulated studies of each size.")] = 20,
    threshold: Threshold = 0.3,
    margin: Margin = 0.1,
    fdr: Fdr = 0.05,
    seed: Seed = 0,
    jobs: Annotated[int, typer.Option(help="Studies at the same time, -1 for all cores.")] = -1,
    cache: Annotated[
        Path | None, typer.Option(help="Folder where every simulated study is kept; by default the user's cache.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table to this CSV file.")] = None,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Say, before any scan, how probably a true change would be named in a study of so many people.

    Simulates studies, fits each and counts. What was simulated once is kept: a run that was stopped goes on where it
    was, and adding a size simulates that size only.
    """
    import bayescov as bc
    from bayescov.cli.showing import show_points

    people = [sizes_of(text) for text in sizes]
    if out is not None and not out.parent.is_dir():
        raise AnswerError(f"there is no folder {out.parent} for --out {out}; make it first")
    found = bc.plan(
        people, regions=regions, effect=effect, changed=changed, truth=truth, model=model, studies=studies,
        threshold=threshold, margin=margin, fdr=fdr, seed=seed, jobs=jobs,
        cache=writable(cache or kept_studies()), progress=True,
    )  # fmt: skip
    show_table(found)
    show_points("In words", in_words(found))
    if out is not None:
        table = bc.to_frame(found, over=("size", "change"))
        table.merge(bc.to_frame(found, over="size"), on="size").to_csv(out, index=False)
        say()
        say(f"Written to {out}.")


def sizes_of(text: str) -> tuple[int, int, int]:
    """``35`` or ``34/40/35`` as controls, first and second group."""
    if not re.fullmatch(r"\d+(/\d+/\d+)?", text):
        raise AnswerError(
            f"{text!r} is no number of people: write 35 for three groups of 35, or controls/first/second as in 34/40/35"
        )
    parts = [int(part) for part in text.split("/")] * (1 if "/" in text else 3)
    return parts[0], parts[1], parts[2]


def kept_studies() -> Path:
    """Where simulated studies are kept if no folder is named."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bayescov" / "plan"


def writable(cache: Path) -> Path:
    """The folder, made before anything is simulated."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnswerError(
            f"studies cannot be kept in {cache} ({error.strerror}); name another folder with --cache"
        ) from error
    return cache


def show_table(found: "xr.Dataset") -> None:
    """One row a size and change."""
    from rich.table import Table

    table = Table(
        "people", "change", "true", "named", "95 %", "interval of the number", box=None, pad_edge=False
    )
    for size in found["size"].values:
        for change in found["change"].values:
            cell = found.sel(size=size, change=change)
            power = [float(cell[name]) for name in ("power", "power_low", "power_high")]
            named, ends = (
                ("–", "–")
                if math.isnan(power[0])
                else (percent(power[0]), f"{percent(power[1])} to {percent(power[2])}")
            )
            table.add_row(
                str(size),
                str(change),
                f"{float(cell['n_true']):.1f}",
                named,
                ends,
                f"{float(cell['width']):.0f} wide",
            )
    console().print(table)


def in_words(found: "xr.Dataset") -> list[str]:
    """One sentence a size."""
    a = found.attrs
    lines = []
    for size in found["size"].values:
        cell = found.sel(size=size)
        power = [float(cell["power"].sel(change=change)) for change in ("added", "missing")]
        if all(map(math.isnan, power)):
            lines.append(
                f"{size}: there is nothing to find; {float(cell['n_called']):.1f} connections a study are named all the same."
            )
            continue
        chances = " and ".join(
            f"{percent(p)} of the truly {change}"
            for p, change in zip(power, ("added", "missing"), strict=True)
            if not math.isnan(p)
        )
        number, wrong = float(cell["n_called"]), percent(float(cell["false_share"]))
        named = f"of {number:.1f} named a study {wrong} are wrong" if number > 0 else "no study names any"
        lines.append(
            f"{size}: {chances} connections are named, where a true change is {float(cell['effect_realised']):.2f} on "
            f"average; {named}."
        )
    lines.append(
        f"From {a['studies']} simulated studies of each size, {a['regions']} regions, model {a['model']}, seed {a['seed']}; "
        "the 95 % are the uncertainty of the simulation."
    )
    return lines


def percent(share: float) -> str:
    """A share as whole percent."""
    return f"{100 * share:.0f} %"

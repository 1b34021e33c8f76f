"""`bayescov predict`: people who were not in the study, what is odd about their table, and what can be said of each."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescov.cli.app import Debug, Id, Unit, app
from bayescov.cli.questions import Beside, Fit
from bayescov.cli.speaking import say, spoken

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayescov.cohort import CheckResult

__all__ = ["predict"]


@app.command()
@spoken
def predict(
    fit: Fit,
    tables: Annotated[
        list[str], typer.Argument(metavar="TABLE...", help="Volumes and covariates of the new people; several are joined on the id.")
    ],
    between: Annotated[str | None, typer.Option(help="Groups considered: MS,NMOSD. By default all.")] = None,
    certainty: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The least probability at which a diagnosis is named.")
    ] = 0.8,
    site: Annotated[str | None, typer.Option(help="Column of the site, where the study had sites.")] = None,
    id: Id = None,
    unit: Unit = None,
    out: Beside = None,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Give new people the probability of each diagnosis, or say that it is undecided.

    Writes predictions.csv.
    """
    import bayescov as bc
    from bayescov.cli.kept import named_groups, open_kept
    from bayescov.cli.showing import show_checks
    from bayescov.sampling.tree import design_of

    kept = open_kept(fit, out)
    design = design_of(kept.fit)
    groups = None if between is None else tuple(named_groups(between, design.populations))
    people, checks = _new_people(tables, id=id, unit=unit)
    show_checks(checks)
    found = bc.predict(kept.fit, people, between=groups, certainty=certainty, site=site)
    table = found["probability"].to_pandas().add_prefix("p_")
    table.insert(0, "diagnosis", found["diagnosis"].to_series())
    table["typicality"] = found["typicality"].max("population").to_series()
    table["beyond"] = found["beyond"].to_series()
    kept.write("predictions.csv", table.reset_index())
    if absent := found.attrs["regions_absent"]:
        say(
            f"Of the study's regions the table does not have: {absent}. The probabilities rest on the others."
        )
    for sentence in _oddities(found, design.subjects):
        say(sentence)
    number = table["diagnosis"].value_counts()
    named = ", ".join(f"{n} {name}" for name, n in number.items())
    say(f"{len(table)} people: {named} (a diagnosis is named from a probability of {certainty:g} on).")
    say("These are probabilities of groups of this study, from volumes alone; they are no diagnosis.")
    kept.finish()


def _oddities(found: "xr.Dataset", study: Sequence[str]) -> list[str]:
    """Of whom less can be said than their probability says, or nothing, and why."""
    from bayescov.cohort.people import listed

    probability, typicality = (
        found[name].max("population").to_series() for name in ("probability", "typicality")
    )
    a, lines = found.attrs, []
    known = list(probability.index[probability.index.isin(list(study))])
    if known:
        lines.append(
            f"Of these people, these are of the study itself by their ids, and not new: {listed(known)}."
        )
    empty = list(typicality.index[typicality.isna()])
    if empty:
        lines.append(f"None of the study's volumes, so that nothing can be said: {listed(empty)}.")
    unlike = list(typicality.index[(probability >= a["certainty"]) & (typicality < a["typical"])])
    if unlike:
        lines.append(
            f"Undecided in spite of a probability of {a['certainty']:g} or more, because hardly anybody in any of the groups has "
            f"volumes so far from what is expected (typicality below {a['typical']:g}); look at these scans: {listed(unlike)}."
        )
    beyond = found["beyond"].to_series()
    far = [f"{subject} ({terms})" for subject, terms in beyond.items() if terms]
    if far:
        lines.append(
            f"Further from everybody in the study than one SD, so that the probabilities are extrapolated: {listed(far)}."
        )
    return lines


def _new_people(
    tables: Sequence[str], *, id: str | None, unit: str | None
) -> "tuple[pd.DataFrame, list[CheckResult]]":
    """One row a person: volumes in mm3 under their canonical names, every other column as a number where it is one; and what is odd.

    Zeros and negative numbers are no volumes and count as missing, as they did in the study.
    """
    import pandas as pd

    from bayescov.cohort import CheckResult, read_volumes
    from bayescov.cohort.checks import check_ages, check_impossible
    from bayescov.cohort.regions import default_atlas

    source: Any = tables[0] if len(tables) == 1 else list(tables)
    data = read_volumes(source, id=id, unit=unit)
    subjects = [str(s) for s in data["subject"].to_numpy()]
    volumes = pd.DataFrame(
        data["volume"].to_numpy(), index=subjects, columns=[str(r) for r in data["region"].to_numpy()]
    )
    volumes = volumes.where(volumes > 0)
    others = {}
    for name in data.data_vars:
        if name != "volume" and data[name].dims == ("subject",):
            column = data[name].to_series()
            numbers = pd.to_numeric(column, errors="coerce")
            known = numbers if numbers.notna().sum() == column.notna().sum() else column
            others[str(name)] = known.to_numpy()
    rest = pd.DataFrame(others, index=subjects)
    checks = [CheckResult(*quirk) for quirk in json.loads(data.attrs["quirks"])]
    checks += [
        check_impossible(volumes, default_atlas(), subjects, advice="Look at these scans"),
        *check_ages(rest),
    ]
    frame = pd.concat([volumes, rest], axis=1)
    frame.index.name = "subject"
    return frame, [check for check in checks if check.passed is not True]

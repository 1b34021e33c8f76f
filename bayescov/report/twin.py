"""The comparison of the posterior with its twin in words: for the page, and for the terminal."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.posterior.events import CHANGES
from bayescov.posterior.frames import to_frame
from bayescov.report.comparison import ALONE, REASONS, side_by_side
from bayescov.report.words import interval_text, listing, plural, share, signed

__all__ = ["FISHER_Z", "TwinGroup", "TwinRow", "beside_twin", "short_test", "twin_sentences"]

FISHER_Z = "Fisher's z of the difference"
AT_LEAST = 5
NAMED_AT_MOST = 6
NEARLY_NOTHING = 0.2
TITLES = {"both": "Both", "posterior": "Only the posterior", "test": "Only the test"}


class TwinRow(NamedTuple):
    """One connection, judged twice."""

    connection: str
    observed: str
    p_value: str
    q_value: str
    posterior: str
    interval: str
    p_change: str
    verdict: str
    called_by: str
    why: str


class TwinGroup(NamedTuple):
    """One patient group: a summary in words, and the connections worth a line."""

    group: str
    summary: str
    rows: tuple[TwinRow, ...]


def beside_twin(connections: xr.Dataset, classical: xr.Dataset) -> list[TwinGroup]:
    """What `connections` and `permutation_test` or `fisher_z` returned, side by side: the tables of the page."""
    comparison = side_by_side(connections, classical)
    groups = []
    for name, table in _tables(comparison):
        called = table["called_by"] != "neither"
        order = table.assign(called=called).sort_values(
            ["called", "p_value"], ascending=[False, True], kind="stable"
        )
        shown = order.head(max(AT_LEAST, int(called.sum())))
        rows = tuple(_row(row) for _, row in shown.iterrows())
        groups.append(TwinGroup(name, " ".join(_summary(comparison, name, table)), rows))
    return groups


def short_test(classical: xr.Dataset) -> str:
    """What `permutation_test` or `fisher_z` returned, by its name."""
    return _spoken(str(classical.attrs.get("method", "test")).split(" of ")[0])


def _spoken(method: str) -> str:
    """A method in a sentence: "the permutation test", but "Fisher's z"."""
    return "Fisher's z" if method.startswith("Fisher's z") else f"the {method}"


def twin_sentences(comparison: xr.Dataset) -> list[str]:
    """What `compare` returned, in words: for each patient group who calls what, and why they part.

    Examples
    --------
    >>> import bayescov as bc
    >>> from bayescov.report.twin import twin_sentences
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> fit = bc.fit(design, model="separate", seed=1, progress=False)
    >>> sentences = twin_sentences(bc.compare(fit, n_permutations=999))
    """
    lines = []
    for name, table in _tables(comparison):
        lines.append(" ".join(_summary(comparison, name, table)))
        for (who, why), part in table[table["called_by"] != "neither"].groupby(
            ["called_by", "why"], sort=True
        ):
            lines.append(_named(name, str(who), str(why), part))
    return lines + _too_few_permutations(comparison)


def _tables(comparison: xr.Dataset) -> list[tuple[str, pd.DataFrame]]:
    table = to_frame(comparison)
    table["p_change"] = table[[f"p_{k}" for k in CHANGES]].sum(axis=1).clip(upper=1.0)
    table["connection"] = table["region_a"] + " – " + table["region_b"]
    return [(str(g), table[table["population"] == g]) for g in comparison["population"].to_numpy()]


def _summary(comparison: xr.Dataset, group: str, table: pd.DataFrame) -> list[str]:
    numbers = comparison.sel(population=group)
    method = _spoken(str(comparison.attrs.get("test_method", "test")))
    rate = f"a false discovery rate of {100 * float(comparison.attrs['fdr']):g} %"
    both, posterior, test = (int(numbers[f"n_{who}"]) for who in ("both", "posterior", "test"))
    if both + posterior + test == 0:
        any_one = "the one connection" if len(table) == 1 else f"a single one of {len(table)} connections"
        said = [
            f"{group}: neither the posterior nor {method} calls {any_one} changed, at "
            f"{rate} (smallest p {_p(table['p_value'].min())}, smallest q {_p(table['q_value'].min())})."
        ]
    else:
        said = [
            f"{group}: of {len(table)} connections, both call {both} changed, only the posterior {posterior} and only "
            f"{method} {test}, each at {rate}."
        ]
    if "p_global" in numbers:
        said.append(f"The global test that no connection differs gives p = {_p(float(numbers['p_global']))}.")
    return [*said, *_neither(table, method), *_shrinkage(float(numbers["shrinkage"]))]


def _neither(table: pd.DataFrame, method: str) -> list[str]:
    """Why the connections that neither calls are not called."""
    rest = table[table["called_by"] == "neither"]
    small, few = (int((rest["why"] == word).sum()) for word in ("multiplicity", "underpowered"))
    said = []
    expected = ALONE * len(table)
    if small:
        said.append(
            f"{plural(small, 'connection')} that neither calls {'has' if small == 1 else 'have'} p ≤ {ALONE:g}; where nothing "
            f"differs, chance alone gives about {expected:{'.0f' if expected >= 1 else '.2g'}} in {len(table)}."
        )
    if few:
        said.append(
            f"For {few} the people are too few: {method} would mostly miss a change of twice the margin."
        )
    return said


def _shrinkage(slope: float) -> list[str]:
    if np.isnan(slope):
        return []
    meaning = ": the model takes nearly all of them for chance" if abs(slope) < NEARLY_NOTHING else ""
    return [
        f"Over all connections, the posterior's differences are {slope:.2f} times the observed ones{meaning}."
    ]


def _named(group: str, who: str, why: str, table: pd.DataFrame) -> str:
    """One sentence for the connections with one reason, the most probable first."""
    order = table.sort_values(["p_change", "p_value"], ascending=[False, True], kind="stable")
    names = [
        f"{row['connection']} ({row['verdict']}, P changed {share(row['p_change'])}; observed {signed(row['observed_difference'])}, "
        f"posterior {signed(row['difference'])}; p {_p(row['p_value'])}, q {_p(row['q_value'])})"
        for _, row in order.iterrows()
    ]
    reason = f", {why} ({REASONS[who, why]})" if why else ""
    return f"{TITLES[who]}, {group}{reason}: {listing(names, most=NAMED_AT_MOST)}."


def _too_few_permutations(comparison: xr.Dataset) -> list[str]:
    fdr, smallest = (
        float(comparison.attrs["fdr"]),
        float(comparison.attrs.get("test_smallest_q_of_one_edge", 0.0)),
    )
    if smallest <= fdr or fdr == 0:
        return []
    count = int(comparison.attrs["test_n_permutations"])
    enough = int(np.ceil(comparison.sizes["edge"] / fdr)) - 1
    return [
        f"With {plural(count, 'permutation')} a connection alone cannot reach q ≤ {fdr:g}, whatever its difference; that "
        f"takes at least {enough:,}."
    ]


def _row(row: pd.Series) -> TwinRow:
    who, why = str(row["called_by"]), str(row["why"])
    return TwinRow(
        connection=str(row["connection"]),
        observed=signed(row["observed_difference"]),
        p_value=_p(row["p_value"]),
        q_value=_p(row["q_value"]),
        posterior=signed(row["difference"]),
        interval=interval_text(row["difference_low"], row["difference_high"]),
        p_change=share(row["p_change"]),
        verdict=str(row["verdict"]),
        called_by=who,
        why=f"{why}: {REASONS[who, why]}" if why else "",
    )


def _p(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:.2g}" if value < 0.01 else f"{value:.2f}"

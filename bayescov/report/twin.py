"""The posterior beside its frequentist twin: which connections both call, which only one, and why."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.posterior.frames import to_frame
from bayescov.report.words import interval_text, plural, share, signed

__all__ = ["TwinGroup", "TwinRow", "beside_twin"]

CHANGES = ("added", "missing", "reversed")
KEYS = ["population", "region_a", "region_b"]
AT_LEAST = 5
# A posterior difference below this share of the observed one was drawn a good way towards the shared matrix.
SHRUNK = 0.6


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
    """Merge the two answers by their labels and say where they part.

    Parameters
    ----------
    connections : xarray.Dataset
        What `bayescov.connections` returned.
    classical : xarray.Dataset
        What `bayescov.permutation_test` or `bayescov.fisher_z` returned for the same design.

    Raises
    ------
    AnswerError
        If `classical` is no such answer, or was made for other groups or regions.
    """
    needed = {"p_value", "q_value", "correlation", "control_correlation"}
    if not isinstance(classical, xr.Dataset) or not needed <= set(classical.data_vars):
        raise AnswerError(
            "classical= must be what permutation_test(design) or fisher_z(design) returned, with p_value and q_value "
            f"for each connection, but got {type(classical).__name__}"
        )
    own, other = to_frame(connections), to_frame(classical)
    both = own.merge(other, on=KEYS, suffixes=("", "_twin"), how="left")
    if both["p_value"].isna().any():
        row = both[both["p_value"].isna()].iloc[0]
        raise AnswerError(
            f"classical= has no test of {row['region_a']} and {row['region_b']} in {row['population']}; it was made for "
            "another design: run it on the design of this fit"
        )
    fdr = float(connections.attrs["fdr"])
    both["posterior_calls"] = both["verdict"].isin(CHANGES)
    both["test_calls"] = both["q_value"] <= fdr
    both["p_change"] = both[[f"p_{k}" for k in CHANGES]].max(axis=1)
    return [
        _group(str(group), both[both["population"] == group], connections, classical)
        for group in connections["population"].to_numpy()
    ]


def _group(group: str, table: pd.DataFrame, connections: xr.Dataset, classical: xr.Dataset) -> TwinGroup:
    posterior, test = table["posterior_calls"], table["test_calls"]
    order = table.assign(either=posterior | test).sort_values(
        ["either", "p_value"], ascending=[False, True], kind="stable"
    )
    shown = order.head(max(AT_LEAST, int((posterior | test).sum())))
    rows = tuple(_row(row, connections) for _, row in shown.iterrows())
    return TwinGroup(group, _summary(group, table, connections, classical), rows)


def _summary(group: str, table: pd.DataFrame, connections: xr.Dataset, classical: xr.Dataset) -> str:
    posterior, test = table["posterior_calls"], table["test_calls"]
    method = str(classical.attrs.get("method", "test"))
    rate = f"{100 * float(connections.attrs['fdr']):g} %"
    if not (posterior | test).any():
        text = (
            f"{group}: neither the posterior nor the {method} calls a single connection changed at a false discovery rate of "
            f"{rate} (smallest p {_p(table['p_value'].min())}, smallest q {_p(table['q_value'].min())})."
        )
    else:
        text = (
            f"{group}: both call {plural(int((posterior & test).sum()), 'connection')} changed; only the posterior "
            f"{int((posterior & ~test).sum())}; only the {method} {int((test & ~posterior).sum())} (false discovery rate {rate})."
        )
    if "p_global" in classical:
        value = float(classical["p_global"].sel(population=group))
        text += f" The global test that no connection differs gives p = {_p(value)}."
    return text


def _row(row: pd.Series, connections: xr.Dataset) -> TwinRow:
    observed = float(row["correlation"] - row["control_correlation"])
    called = {
        (True, True): "both",
        (True, False): "posterior",
        (False, True): "test",
        (False, False): "neither",
    }
    who = called[bool(row["posterior_calls"]), bool(row["test_calls"])]
    return TwinRow(
        connection=f"{row['region_a']} – {row['region_b']}",
        observed=signed(observed),
        p_value=_p(row["p_value"]),
        q_value=_p(row["q_value"]),
        posterior=signed(row["difference"]),
        interval=interval_text(row["difference_low"], row["difference_high"]),
        p_change=share(row["p_change"]),
        verdict=str(row["verdict"]),
        called_by=who,
        why=_why(row, observed, who, connections),
    )


def _why(row: pd.Series, observed: float, who: str, connections: xr.Dataset) -> str:
    if who == "both":
        return ""
    if who == "posterior":
        if row["p_value"] <= 0.05:
            return "multiplicity: a small p of its own, but not after correction over all connections"
        return "pooling: the model borrows from the other groups and connections, the test does not"
    shrunk = abs(row["difference"]) < SHRUNK * abs(observed)
    a = connections.attrs
    if who == "test":
        if shrunk:
            return "shrunk: drawn towards what the groups share, because a large difference among many is often chance"
        if row["p_change"] < 0.5:
            return (
                f"another question: the test asks for any difference, the posterior for one beyond {a['margin']:g} "
                f"at a connection above {a['threshold']:g}"
            )
        return "not sure enough: probable, but the list would hold more false ones than allowed"
    if row["p_value"] <= 0.05:
        return "multiplicity: p alone is small" + (
            ", and the posterior shrinks the difference" if shrunk else ""
        )
    return "underpowered: the interval holds both no change and a large one" if _wide(row, a) else ""


def _wide(row: pd.Series, settings: dict) -> bool:
    margin = float(settings["margin"])
    reach = max(abs(row["difference_low"]), abs(row["difference_high"]))
    return bool(row["difference_low"] < margin and row["difference_high"] > -margin and reach > 2 * margin)


def _p(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:.2g}" if value < 0.01 else f"{value:.2f}"

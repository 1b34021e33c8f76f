"""Have the chains reached one distribution, and are there enough draws of it? Judged for every reported quantity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.errors import FitError
from bayescov.sampling.convergence import ess_tail, rhat_and_ess_bulk
from bayescov.sampling.mixing import LARGEST_RHAT, SMALLEST_ESS, constant, quantities
from bayescov.sampling.structures import (
    AS_AN_END,
    as_part,
    needed,
    share_ranges,
    short_name,
    structure_shares,
)

__all__ = ["LARGEST_SHARE_DIVERGENT", "Diagnosis", "diagnose"]

LARGEST_SHARE_DIVERGENT = 0.001
WORST = 3
# Between its ends a special case's share is told to be rough.
ROUGH = 0.3


@dataclass(frozen=True)
class Diagnosis:
    """What the diagnostics of a fit say.

    Attributes
    ----------
    max_rhat : float
        Largest rank-normalised split R-hat; NaN if any quantity's could not be computed.
    min_ess_bulk, min_ess_tail : float
        Smallest bulk and tail effective sample size; NaN likewise.
    divergences : int
        Divergent transitions after warm-up.
    worst : tuple of str
        Names of the quantities that are furthest from passing (at most three).
    ok : bool or None
        True: R-hat <= 1.01 and bulk ESS >= 400 for every quantity, at most one divergence in 1,000 draws. None: it
        could not be judged (a single chain). NaN never passes.
    sentences : tuple of str
        The same for the reader, the verdict first.
    n_quantities, n_constant : int
        Quantities judged, and those passed over because they never change (a fixed kappa).
    n_transitions : int
        Transitions after warm-up, of which `divergences` diverged.
    """

    max_rhat: float
    min_ess_bulk: float
    min_ess_tail: float
    divergences: int
    worst: tuple[str, ...]
    ok: bool | None
    sentences: tuple[str, ...]
    n_quantities: int
    n_constant: int
    n_transitions: int

    @property
    def diverges(self) -> bool:
        """Whether more transitions diverged than one in 1,000."""
        return self.divergences > LARGEST_SHARE_DIVERGENT * self.n_transitions


@dataclass(frozen=True)
class _Table:
    """One row a judged quantity; `alone`: of each special case, its smallest ESS and largest R-hat, whatever its share."""

    names: list[str]
    rhat: npt.NDArray[np.float64]
    bulk: npt.NDArray[np.float64]
    tail: npt.NDArray[np.float64]
    n_constant: int
    alone: dict[str, tuple[float, float]]


def diagnose(fit: xr.DataTree) -> Diagnosis:
    """Judge every correlation, difference from controls, mean, standard deviation and hyperparameter of a fit.

    The correlations and differences of the structural special cases are judged as well, each case as a part of what is
    stated: a fifth of it needs a fifth of the effective draws.

    Parameters
    ----------
    fit : xarray.DataTree
        Made by `fit` or read by `load_fit`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    FitError
        If there is no posterior to judge.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization, folding, and
    localization: an improved R-hat for assessing convergence of MCMC. Bayesian Analysis 16.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> fit = bc.fit(design, model="separate", seed=1, progress=False)
    >>> bc.diagnose(fit).ok
    True
    """
    if not isinstance(fit, xr.DataTree) or "posterior" not in fit.children:
        raise FitError(
            f"diagnostics need a fit with a posterior, not {type(fit).__name__}; "
            "give what fit(design) or load_fit(path) returned"
        )
    posterior = fit["posterior"].to_dataset()
    shares = structure_shares(fit)
    table = _judge(fit, shares)
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    divergences = _divergences(fit)
    max_rhat = float(np.max(table.rhat)) if len(table.rhat) else np.nan
    min_bulk = float(np.min(table.bulk)) if len(table.bulk) else np.nan
    min_tail = float(np.min(table.tail)) if len(table.tail) else np.nan
    ok: bool | None = bool(
        max_rhat <= LARGEST_RHAT
        and min_bulk >= SMALLEST_ESS
        and divergences <= LARGEST_SHARE_DIVERGENT * chains * draws
    )
    if ok and chains == 1:
        ok = None
    return Diagnosis(
        max_rhat=max_rhat,
        min_ess_bulk=min_bulk,
        min_ess_tail=min_tail,
        divergences=divergences,
        worst=_worst(table),
        ok=ok,
        sentences=_sentences(table, ok, chains, draws, divergences)
        + _about_cases(table, shares)
        + _about_shares(share_ranges(fit)),
        n_quantities=len(table.names),
        n_constant=table.n_constant,
        n_transitions=chains * draws,
    )


def _judge(fit: xr.DataTree, shares: Mapping[str, float]) -> _Table:
    """Every quantity of the fit (``posterior``), and of its special cases, these by their shares."""
    names: list[str] = []
    rhats, bulks, tails = [], [], []
    n_constant = 0
    alone: dict[str, tuple[float, float]] = {}
    for structure, share in shares.items():
        drawn = fit[structure].to_dataset()
        case = "" if structure == "posterior" else short_name(structure)
        for name, values in quantities({str(k): v.values for k, v in drawn.data_vars.items()}):
            moving = ~constant(values)
            n_constant += int((~moving).sum())
            if moving.any():
                rhat, bulk = rhat_and_ess_bulk(values[..., moving])
                tail = ess_tail(values[..., moving])
                if case:
                    ess, apart = alone.get(case, (np.inf, 1.0))
                    alone[case] = float(np.minimum(ess, bulk.min())), float(np.maximum(apart, rhat.max()))
                    (tail, _), (bulk, rhat) = as_part(tail, rhat, share), as_part(bulk, rhat, share)
                rhats.append(rhat)
                bulks.append(bulk)
                tails.append(tail)
                labels = _labels(drawn, name)
                names += [(f"{case}: " if case else "") + labels[i] for i in np.flatnonzero(moving)]
    empty = [np.empty(0)]
    rhat, bulk, tail = (np.concatenate(part or empty) for part in (rhats, bulks, tails))
    return _Table(names, rhat, bulk, tail, n_constant, alone)


def _labels(posterior: xr.Dataset, name: str) -> list[str]:
    """A name for each element, such as ``sd[MS, Left-Putamen]`` or ``difference of mean[MS - HC, Left-Putamen]``."""
    variable = posterior[name.removeprefix("difference of ")]
    if variable.ndim == 2:
        return [name]
    parts = [[str(v) for v in variable[d].values] for d in variable.dims[2:]]
    if name.startswith("difference of "):
        control, *patients = parts[0]
        parts[0] = [f"{patient} - {control}" for patient in patients]
    grid: Any = np.meshgrid(*(np.array(p, dtype=object) for p in parts), indexing="ij")
    return [f"{name}[{', '.join(row)}]" for row in zip(*(g.ravel() for g in grid), strict=True)]


def _divergences(fit: xr.DataTree) -> int:
    if "sample_stats" not in fit.children or "diverging" not in fit["sample_stats"]:
        return 0
    stats = fit["sample_stats"].to_dataset()
    return int(stats["diverging"].values.sum())


def _worst(table: _Table) -> tuple[str, ...]:
    """Those that cannot be judged first, then by how far R-hat or ESS is from its threshold."""
    excess = np.maximum((table.rhat - 1) / (LARGEST_RHAT - 1), SMALLEST_ESS / np.maximum(table.bulk, 1e-9))
    excess = np.where(np.isnan(excess), np.inf, excess)
    order = np.argsort(-excess, kind="stable")[:WORST]
    return tuple(table.names[i] for i in order)


def _sentences(table: _Table, ok: bool | None, chains: int, draws: int, divergences: int) -> tuple[str, ...]:
    count = len(table.names)
    if not count:
        return ("Nothing in this posterior varies, so there is nothing to judge.",)
    said = []
    unknown = int((np.isnan(table.rhat) | np.isnan(table.bulk)).sum())
    apart = int((table.rhat > LARGEST_RHAT).sum())
    few = int((table.bulk < SMALLEST_ESS).sum())
    verdict = {
        True: "The chains agree and there are enough draws",
        False: "Do not trust this fit yet",
        None: "It cannot be judged whether the chains agree, because there is only one",
    }[ok]
    said.append(
        f"{verdict}: over {count:,} quantities R-hat is at most {np.max(table.rhat):.3f} (wanted: {LARGEST_RHAT}), the "
        f"bulk effective sample size at least {np.min(table.bulk):,.0f} (wanted: {SMALLEST_ESS:.0f}), the tail one "
        f"{np.min(table.tail):,.0f}, from {chains} x {draws:,} draws."
    )
    worst = ", ".join(_worst(table)[: max(1, apart or few)])
    if unknown:
        said.append(
            f"{unknown:,} quantities have no R-hat, because of values that are not finite or too few draws."
        )
    if apart:
        said.append(
            f"R-hat is above {LARGEST_RHAT} for {apart:,} of them; furthest: {worst}. Draw longer chains."
        )
    elif few:
        said.append(
            f"{few:,} of them have fewer than {SMALLEST_ESS:.0f} effective draws; fewest: {worst}. Raise draws=."
        )
    if divergences:
        few_enough = divergences <= LARGEST_SHARE_DIVERGENT * chains * draws
        meaning = (
            ", which is few enough (wanted: at most one in 1,000)."
            if few_enough
            else " (wanted: at most one in 1,000): a part of the posterior may not have been reached. Raise tune=."
        )
        said.append(f"{divergences:,} of {chains * draws:,} transitions diverged{meaning}")
    if ok is None:
        said.append("Use chains=4.")
    return tuple(said)


def _about_cases(table: _Table, shares: Mapping[str, float]) -> tuple[str, ...]:
    """That the special cases were judged along, and which of them is no good as an end of a range either."""
    cases = {short_name(name): name for name in shares if name != "posterior"}
    if not cases:
        return ()
    listed = ", ".join(f"{name} ({shares[case]:.2f})" for name, case in cases.items())
    said = [
        f"Judged along, by their shares in what is stated: {listed}. A part needs as much less of effective draws, and its "
        "R-hat may be as much further from 1."
    ]
    least, most = needed(SMALLEST_ESS, LARGEST_RHAT, AS_AN_END)
    for name, (ess, rhat) in table.alone.items():
        if not (ess >= least and rhat <= most):
            said.append(
                f"By itself {name} has not mixed (R-hat up to {rhat:.3f}, {ess:,.0f} effective draws): the ranges over the "
                "special cases are rough at its end."
            )
    return tuple(said)


def _about_shares(ranges: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """That other draws would give a special case a noticeably larger or smaller part of what is stated."""
    rough = {name: ends for name, ends in ranges.items() if ends[1] - ends[0] > ROUGH}
    if not rough:
        return ()
    listed = ", ".join(f"{short_name(name)} {low:.2f} to {high:.2f}" for name, (low, high) in rough.items())
    return (
        f"Other draws could give other shares ({listed}), since how well a structure foretells people is known to its Monte "
        "Carlo error only: probabilities that differ between the structures are as rough. Raise draws= for steadier ones.",
    )

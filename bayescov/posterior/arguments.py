"""Questions a fit can be asked: shared checks of the fit and of the arguments, each with a sentence."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.arguments import require_count
from bayescov.errors import AnswerError, nearest
from bayescov.posterior.draws import partial_correlations, stack_chains
from bayescov.posterior.structures import mixture
from bayescov.sampling.structures import structure_shares
from bayescov.sampling.tree import settings_of

__all__ = [
    "KINDS", "correlation_draws", "draws_apart", "draws_of", "patients_of", "refit_options", "require_choice", "require_fit",
    "require_number", "require_settings", "require_whole",
]  # fmt: skip

KINDS = ("correlation", "partial")


def require_fit(fit: Any, *variables: str) -> xr.DataTree:
    """The fit itself, if it is one and holds these variables of the posterior."""
    if not isinstance(fit, xr.DataTree):
        hint = (
            "; read a stored fit with load_fit(path)"
            if isinstance(fit, str) or hasattr(fit, "suffix")
            else ""
        )
        raise AnswerError(
            f"this question needs a fit (the DataTree that fit(design) returns), but got {type(fit).__name__}{hint}"
        )
    groups = [str(name) for name in fit.children]
    if "posterior" not in groups:
        raise AnswerError(
            f"this is not a fit of bayescov: it has no group 'posterior' (its groups: {', '.join(groups) or 'none'})"
        )
    posterior = fit["posterior"]
    for name in variables:
        if name not in posterior.data_vars:
            known = [str(v) for v in posterior.data_vars]
            raise AnswerError(
                f"this fit holds no draws of {name!r}{nearest(name, known)} (it has: {', '.join(known) or 'nothing'})"
            )
    return fit


def patients_of(fit: xr.DataTree) -> tuple[str, tuple[str, ...]]:
    """The control and the patient groups of a fit; there must be a patient group."""
    populations = tuple(str(name) for name in fit["posterior"]["population"].to_numpy())
    if len(populations) < 2:
        raise AnswerError(
            f"this fit has only one group ({', '.join(populations)}), so there is nothing to compare with the controls; "
            "fit a design with at least one patient group"
        )
    return populations[0], populations[1:]


def draws_of(fit: xr.DataTree, name: str, *, group: str = "posterior") -> npt.NDArray:
    """Draws of one variable as (sample, ...); refused if any is not a finite number."""
    variable = fit[group][name].transpose("chain", "draw", ...)
    values = stack_chains(variable.values)
    if values.shape[0] == 0:
        raise AnswerError(f"this fit holds no draw of {name!r}; sample it with draws of at least 1")
    finite = np.isfinite(values)
    if not finite.all():
        first = np.argwhere(~finite)[0]
        labels = [
            str(variable[dim].to_numpy()[i]) if dim in variable.coords else str(i)
            for dim, i in zip(variable.dims[2:], first[1:], strict=True)
        ]
        raise AnswerError(
            f"{int((~finite).sum())} draws of {name!r} are not finite numbers (the first: draw {first[0]}, "
            f"{', '.join(labels) or 'scalar'}); the sampler failed, so look at its diagnostics and fit again"
        )
    return values


def correlation_draws(fit: xr.DataTree, kind: str, *, group: str | None = None) -> npt.NDArray:
    """(draw, population, edge) of the kind of correlation wanted.

    Of the fit and its structural special cases together, each with its share; of one alone where `group` names it, of the fit
    alone where it is ``"posterior"``.
    """
    if group is None:
        return draws_apart(fit, kind)[0]
    draws = draws_of(fit, "correlation", group=group)
    if kind == "correlation":
        return draws
    try:
        return partial_correlations(draws)
    except np.linalg.LinAlgError as error:
        raise AnswerError(
            "kind='partial' needs positive definite correlation matrices, but a draw of this fit is singular; "
            "use kind='correlation', or leave out regions that are sums or copies of others"
        ) from error


def draws_apart(fit: xr.DataTree, kind: str) -> tuple[npt.NDArray, dict[str, npt.NDArray]]:
    """What `correlation_draws` gives of all structures together, and of each alone: the fit (``posterior``), its special cases."""
    shares = structure_shares(fit)
    apart = {name: correlation_draws(fit, kind, group=name) for name in shares}
    together = mixture(list(apart.values()), list(shares.values())) if len(apart) > 1 else apart["posterior"]
    return together, apart


def require_number(name: str, value: Any, *, low: float, high: float, closed: str = "both") -> float:
    """The value as a float, if it lies in the range; `closed` is "both", "left" or "neither"."""
    opening, closing = ("[" if closed != "neither" else "("), ("]" if closed == "both" else ")")
    good = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    number = float(value) if good else math.nan
    above = number >= low if closed != "neither" else number > low
    below = number <= high if closed == "both" else number < high
    if not (above and below):
        hint = ""
        if good and low < number / 100 < high:
            hint = f"; for {number:g} % write {number / 100:g}"
        raise AnswerError(f"{name}={value!r} must be a number in {opening}{low:g}, {high:g}{closing}{hint}")
    return number


def require_choice(name: str, value: Any, known: Sequence[str]) -> str:
    """The value, if it is one of the known words."""
    if value not in known:
        raise AnswerError(
            f"{name}={value!r} is not known{nearest(str(value), known)}; use one of: {', '.join(known)}"
        )
    return str(value)


def require_whole(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """The value as an int, if it is a whole number in the range."""
    return require_count(name, value, least=low, most=high)


def require_settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Further arguments of `fit`: those there are, but for what the question itself fits, and from which seed."""
    from bayescov.sampling import fit

    if settings is None:
        return {}
    if not isinstance(settings, Mapping):
        raise AnswerError(
            f"settings={settings!r} must be a dict of arguments of fit, for instance {{'draws': 500}}"
        )
    known = [name for name in inspect.signature(fit).parameters if name not in ("design", "model", "seed")]
    for name in settings:
        if name not in known:
            raise AnswerError(
                f"settings has {name!r}, which is none of fit's{nearest(str(name), known)}; use some of: {', '.join(known)}"
            )
    return dict(settings)


def refit_options(fit: xr.DataTree, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `fit` that fit again as the fit was, once and without its special cases; `settings` override them."""
    stored = {name: v for name, v in settings_of(fit).items() if name in ("draws", "tune", "chains")}
    return {**stored, "progress": False, "structures": False, "min_ess": 0.0, **settings}

"""What is left of each volume once covariates, sites and group means are removed, and who can be compared."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bayescov.classical.price import SMALLEST, held_constant, price_of
from bayescov.design import Design, require_design
from bayescov.errors import AnswerError, nearest

__all__ = ["KINDS", "Residuals", "require_kind", "residuals"]

Floats = npt.NDArray[np.float64]
KINDS = ("correlation", "partial", "spearman")
FLAT = 1e-7  # in control SDs: less variation than this is rounding and not biology


@dataclass(frozen=True)
class Residuals:
    """Residuals of a design, ready for correlations and for exchanging labels.

    Attributes
    ----------
    values : ndarray (subject, region)
        Residuals of the regression on groups, covariates and sites, then centred and divided by their mean
        absolute deviation *within each group*, so that groups differ in nothing but their correlations. NaN where
        missing. (No correlation depends on the divisor; the mixture of two groups does, and under heavy tails the
        standard deviation is too noisy a divisor: it makes the exchange liberal.)
    codes : ndarray (subject,)
        Position of each subject's group in `populations`.
    populations, regions : tuple of str
    inflation : ndarray (population,)
        What the regression adds to the variance of Fisher's z of a group minus that of the controls.
    kind : {"correlation", "partial", "spearman"}
    missing : str
        How missing volumes were treated, in words.
    """

    values: Floats
    codes: npt.NDArray[np.intp]
    populations: tuple[str, ...]
    regions: tuple[str, ...]
    inflation: Floats
    kind: str
    missing: str

    def of(self, position: int) -> Floats:
        """(subject, region): the residuals of one population."""
        return self.values[self.codes == position]

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Number of subjects used in each population."""
        return np.bincount(self.codes, minlength=len(self.populations))


def residuals(design: Design, *, kind: str = "correlation") -> Residuals:
    """Remove covariates, sites and group means, and standardise within groups.

    One regression for all groups, ``y ~ groups + covariates + sites``, region by region, in which every group is
    weighted by its own residual variance (estimated, in three rounds): without the weights the noise of a group with
    large variance reaches the residuals of the others through the shared slopes. Errors of the slopes are shared too,
    and cancel in a difference of two groups as far as the covariates vary equally in both; `inflation` is the rest.
    With M the residual projection, W = 1/trace(M_gg) in group g, -1/trace(M_cc) in the controls and 0 elsewhere, the
    variance of z_g - z_c is trace((M W)^2) to first order; weights for it are the groups' typical SDs.

    Missing volumes: a region's regression uses everybody who has it. Pearson correlations then use all people who
    have both regions (pairwise); partial and Spearman correlations use the people who have all regions.

    Parameters
    ----------
    design : Design
    kind : {"correlation", "partial", "spearman"}

    Returns
    -------
    Residuals

    Raises
    ------
    AnswerError
        If there is nobody to compare with, a group is too small, or a region does not vary within a group.
    """
    require_kind(kind)
    require_design(design, "this test")
    if not design.patients:
        raise AnswerError(
            f"every person belongs to the control group {design.control!r}; a comparison needs at least one other group"
        )
    codes = np.asarray(design.population.values, dtype=np.intp)
    _require_variation(design.y.values, codes, design, "")
    left, spread = _remove(design.y.values, design.regressors(), codes)
    keep = np.ones(len(left), dtype=bool)
    missing = "none"
    if design.n_missing:
        missing = "pairwise: each correlation uses the people who have both volumes"
    if design.n_missing and kind != "correlation":
        keep = np.isfinite(left).all(axis=1)
        missing = (
            f"complete cases: {int((~keep).sum())} of {len(keep)} people lack a volume and were left out"
        )
    _require_enough(design, codes[keep], kind, missing)
    typical = np.exp(np.log(spread).mean(axis=1))
    inflation = price_of(
        design, design.regressors() / typical[codes, None], codes, keep, held=held_constant(design, kind)
    )
    _require_pairs(left[keep], codes[keep], design)
    values = _standardise(left[keep], codes[keep], design)
    if kind == "spearman":
        values = np.round(values, 9)  # equal volumes must stay tied through the arithmetic
    return Residuals(
        values=values,
        codes=codes[keep],
        populations=design.populations,
        regions=design.regions,
        inflation=inflation,
        kind=kind,
        missing=missing,
    )


def require_kind(kind: str) -> None:
    """Refuse an unknown kind of correlation, with a sentence."""
    if kind not in KINDS:
        raise AnswerError(f"kind={kind!r} is not known{nearest(kind, KINDS)}; use one of: {', '.join(KINDS)}")


def _remove(y: Floats, regressors: Floats, codes: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Residuals of each column on the regressors, and the standard deviations (population, region) that weight them.

    Least squares first, then twice more with each group weighted by its own variance in the region.
    """
    seen = np.isfinite(y)
    filled = np.where(seen, y, 0.0)
    belongs = np.equal.outer(codes, np.arange(codes.max() + 1)).astype(float)
    n, k = regressors.shape
    products = (regressors[:, :, None] * regressors[:, None, :]).reshape(n, k * k)
    people = belongs.T @ seen
    spread = np.ones(people.shape)
    left = filled
    for _ in range(3):
        weights = seen / spread[codes] ** 2
        normal = (products.T @ weights).T.reshape(-1, k, k)
        sides = (regressors.T @ (weights * filled)).T
        # confounded sites leave slopes, but not residuals, undetermined: hence the pseudo-inverse
        slopes = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ sides[:, :, None]
        left = np.where(seen, filled - regressors @ slopes[:, :, 0].T, 0.0)
        spread = np.sqrt(belongs.T @ left**2 / np.maximum(people - 1.0, 1.0))
        spread = np.maximum(spread, FLAT)
    return np.where(seen, left, np.nan), spread


def _standardise(left: Floats, codes: npt.NDArray[np.intp], design: Design) -> Floats:
    _require_variation(left, codes, design, " once covariates are removed")
    values = np.empty(left.shape)
    for position in range(len(design.populations)):
        part = left[codes == position]
        part = part - np.nanmean(part, axis=0)
        values[codes == position] = part / np.nanmean(np.abs(part), axis=0)
    return values


def _require_variation(y: Floats, codes: npt.NDArray[np.intp], design: Design, when: str) -> None:
    for position, name in enumerate(design.populations):
        part = y[codes == position]
        seen = np.isfinite(part)
        low = np.where(seen, part, np.inf).min(axis=0, initial=np.inf)
        high = np.where(seen, part, -np.inf).max(axis=0, initial=-np.inf)
        flat = (high - low < FLAT) & (seen.sum(axis=0) >= SMALLEST)
        if flat.any():
            region = design.regions[int(np.flatnonzero(flat)[0])]
            raise AnswerError(
                f"{region} does not vary among the {len(part)} people of {name!r}{when}, so it has no correlation "
                "there; leave the region or the group out"
            )


def _require_enough(design: Design, codes: npt.NDArray[np.intp], kind: str, missing: str) -> None:
    n_regions = len(design.regions)
    if n_regions < 2:
        raise AnswerError(f"a correlation needs two regions; there is only {design.regions[0]!r}")
    needed = SMALLEST + held_constant(design, kind)
    for name, n in zip(
        design.populations, np.bincount(codes, minlength=len(design.populations)), strict=True
    ):
        if n >= needed:
            continue
        because = f" ({missing})" if missing.startswith("complete") else ""
        if kind == "partial" and n >= SMALLEST:
            raise AnswerError(
                f"partial correlations of {n_regions} regions need at least {needed} people in every group, and {name!r} "
                f"has {n}{because}; use kind='correlation', which works with any number of regions, or fewer regions"
            )
        raise AnswerError(
            f"group {name!r} has {n} people to correlate{because}; the test needs at least {SMALLEST} in every group: "
            "leave the group out or join it to another"
        )


def _require_pairs(values: Floats, codes: npt.NDArray[np.intp], design: Design) -> None:
    """With missing volumes every pair of regions must still be seen together by enough people."""
    seen = np.isfinite(values)
    if seen.all():
        return
    for position, name in enumerate(design.populations):
        there = seen[codes == position].astype(float)
        together = there.T @ there
        if together.min() >= SMALLEST:
            continue
        a, b = np.unravel_index(int(together.argmin()), together.shape)
        raise AnswerError(
            f"only {together[a, b]:.0f} people of {name!r} have both {design.regions[a]} and {design.regions[b]}; "
            f"the test needs at least {SMALLEST}: leave out the region with the missing volumes"
        )

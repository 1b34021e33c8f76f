"""Exchanging the labels of one patient group and the controls: who goes where, and the correlations that follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bayescov.classical.correlation import (
    correlation_matrix,
    effective_sizes,
    partial,
    pearson,
    variance_of_z,
    z_difference,
)
from bayescov.classical.kernels import both_groups, draw_people, ranks_within, tanh_difference, tanh_of_groups
from bayescov.classical.residuals import Residuals, residuals
from bayescov.design import Design
from bayescov.errors import AnswerError

__all__ = ["BLOCK", "Members", "Pair", "blocks", "make_pairs", "members", "symmetric"]

Floats = npt.NDArray[np.float64]
Members = npt.NDArray[np.intp]

BLOCK = 512  # permutations that share a seed: fixed, so that results do not depend on the number of workers
ELEMENTS = 1 << 17  # doubles held per array at a time
TIE = 1e-10  # a permuted statistic this close to the observed one is equal to it: rounding must not decide


@dataclass(frozen=True)
class Pair:
    """One patient group and the controls: standardised residuals (subject, region), the controls first.

    Attributes
    ----------
    values : ndarray (subject, region)
        NaN where missing (kind "correlation" only).
    n_control : int
    kind : str
    inflation : float
        See `Residuals.inflation`.
    """

    values: Floats
    n_control: int
    kind: str
    inflation: float = 0.0

    @property
    def n_patients(self) -> int:
        """Patients of the pair."""
        return len(self.values) - self.n_control

    @property
    def n_regions(self) -> int:
        """Regions."""
        return self.values.shape[1]

    @cached_property
    def has_missing(self) -> bool:
        """Whether any volume is missing, so that each pair of regions has people of its own."""
        return bool(np.isnan(self.values).any())

    @property
    def n_chosen(self) -> int:
        """Size of the smaller group: a permutation says who is in it."""
        return min(self.n_control, self.n_patients)

    @cached_property
    def observed(self) -> tuple[Floats, Floats]:
        """(region, region): correlations of the patients and of the controls."""
        return (
            correlation_matrix(self.values[self.n_control :], self.kind),
            correlation_matrix(self.values[: self.n_control], self.kind),
        )

    def require_imperfect(self, names: tuple[str, str], regions: tuple[str, ...]) -> None:
        """Refuse a region that is a copy of another: Fisher's z is infinite there; or, for partial, a sum of others."""
        parts = (self.values[self.n_control :], self.values[: self.n_control])
        for name, matrix in zip(names, [pearson(part)[0] for part in parts], strict=True):
            copies = np.argwhere(np.triu(np.abs(matrix) > 1.0 - 1e-9, 1))
            if len(copies):
                a, b = copies[0]
                raise AnswerError(
                    f"{regions[a]} and {regions[b]} are one and the same in {name!r} (their correlation is "
                    f"{matrix[a, b]:.0f}); leave one of them out"
                )
            if self.kind != "partial":
                continue
            values, vectors = np.linalg.eigh(matrix)
            if values[0] < 1e-9:
                parts_of_sum = [r for r, v in zip(regions, vectors[:, 0], strict=True) if abs(v) > 1e-3]
                raise AnswerError(
                    f"partial correlations do not exist in {name!r}, because some regions are sums of others "
                    f"(among {', '.join(parts_of_sum)}); leave one of them out, or use kind='correlation'"
                )

    @cached_property
    def variance(self) -> Floats:
        """(region, region): variance of the observed difference of Fisher's z."""
        parts = (self.values[self.n_control :], self.values[: self.n_control])
        patients, controls = (self._variance_of(np.isfinite(part)) for part in parts)
        return patients + controls + self.inflation

    @cached_property
    def score(self) -> Floats:
        """(region, region): the observed difference of Fisher's z in its standard errors."""
        return np.asarray(z_difference(*self.observed) / np.sqrt(self.variance))

    def limit(self, score: Floats | float) -> Floats:
        """The permuted `statistics` that are worth as much as |`score`|.

        With complete data every edge and every permutation has the same standard error, so the statistics are left
        as tanh of the difference; with missing volumes they are scores already.
        """
        size = np.abs(np.broadcast_to(score, (self.n_regions, self.n_regions)))
        if self.has_missing:
            return np.asarray(size)
        same = variance_of_z(
            effective_sizes(np.array([self.n_patients, self.n_control]), self.kind, self.n_regions), self.kind
        )
        return np.tanh(size * np.sqrt(same.sum()))

    def statistics(self, chosen: Members) -> Iterator[tuple[slice, Floats]]:
        """Permuted statistics, upper triangles of (batch, region, region); see `limit` for their scale.

        Tests are two-sided, so their signs have no meaning. The array is overwritten by the next batch.
        """
        if self.has_missing:
            seen = np.isfinite(self.values)
            for where, patients, controls in self.correlations(chosen):
                inside = _indicator(chosen[where], len(self.values))[:, :, None]
                variance = self._variance_of(seen & inside) + self._variance_of(seen & ~inside)
                yield where, np.asarray(z_difference(patients, controls) / np.sqrt(variance))
        elif self.kind == "correlation":
            n, total = self.n_chosen, self.values.T @ self.values
            result = np.zeros((self._batch(n), *total.shape))
            for where, products, sums in self._products(chosen):
                used = result[: len(products)]
                tanh_of_groups(products, sums, n, len(self.values), total, used)
                yield where, used
        else:
            for where, patients, controls in self.correlations(chosen):
                tanh_difference(patients, controls, patients)
                yield where, patients

    def correlations(self, chosen: Members) -> Iterator[tuple[slice, Floats, Floats]]:
        """Correlations of the patients and of the controls, as the permutation has them, in batches.

        `chosen` (permutation, person) are the people put into the smaller group. Only upper triangles are filled.
        The arrays are overwritten by the next batch.
        """
        batches = {
            "correlation": self._with_missing if self.has_missing else self._pearson,
            "partial": self._partial,
            "spearman": self._spearman,
        }[self.kind]
        for where, smaller, larger in batches(chosen):
            if self.n_patients > self.n_control:
                yield where, larger, smaller
            else:
                yield where, smaller, larger

    def _products(self, chosen: Members) -> Iterator[tuple[slice, Floats, Floats]]:
        """Sums of y y' and of y over the chosen people of each permutation: the matrix products."""
        n, p = chosen.shape[1], self.n_regions
        size = self._batch(n)
        people, products = np.empty((size, n, p)), np.empty((size, p, p))
        for where in _batches(len(chosen), size):
            used = slice(0, where.stop - where.start)
            group = np.take(self.values, chosen[where], axis=0, out=people[used], mode="clip")
            np.matmul(group.swapaxes(1, 2), group, out=products[used])
            yield where, products[used], np.einsum("kij->kj", group)

    def _pearson(self, chosen: Members) -> Iterator[tuple[slice, Floats, Floats]]:
        n, total = chosen.shape[1], self.values.T @ self.values
        smaller, larger = np.zeros((2, self._batch(n), *total.shape))
        for where, products, sums in self._products(chosen):
            used = slice(0, len(products))
            both_groups(products, sums, n, len(self.values), total, smaller[used], larger[used])
            yield where, smaller[used], larger[used]

    def _partial(self, chosen: Members) -> Iterator[tuple[slice, Floats, Floats]]:
        for where, smaller, larger in self._pearson(chosen):
            yield where, partial(symmetric(smaller)), partial(symmetric(larger))

    def _spearman(self, chosen: Members) -> Iterator[tuple[slice, Floats, Floats]]:
        order = np.argsort(self.values, axis=0, kind="stable").T.copy()
        sorted_values = np.take_along_axis(self.values.T, order, axis=1)
        start = np.ones(order.shape, dtype=bool)
        start[:, 1:] = sorted_values[:, 1:] != sorted_values[:, :-1]
        ranked = np.empty_like(self.values)
        for where in _batches(len(chosen), self._batch(len(self.values))):
            inside = _indicator(chosen[where], len(self.values))
            parts: tuple[list[Floats], list[Floats]] = ([], [])
            for mask in inside:
                ranks_within(order, start, mask, ranked)
                parts[0].append(ranked[mask] / mask.sum())
                parts[1].append(ranked[~mask] / (~mask).sum())
            yield where, pearson(np.stack(parts[0]))[0], pearson(np.stack(parts[1]))[0]

    def _with_missing(self, chosen: Members) -> Iterator[tuple[slice, Floats, Floats]]:
        for where in _batches(len(chosen), self._batch(len(self.values))):
            inside = _indicator(chosen[where], len(self.values))
            smaller = self.values[chosen[where]]
            larger = np.stack([self.values[~mask] for mask in inside])
            yield where, pearson(smaller)[0], pearson(larger)[0]

    def _variance_of(self, seen: npt.NDArray[np.bool_]) -> Floats:
        """Variance of Fisher's z of one group from who has which region, (..., subject, region)."""
        there = seen.astype(float)
        together = effective_sizes(there.swapaxes(-1, -2) @ there, self.kind, self.n_regions)
        # too few to say anything: an infinite variance makes the statistic zero
        return np.where(together > 3.5, variance_of_z(np.maximum(together, 4.0), self.kind), np.inf)

    def _batch(self, n: int) -> int:
        return int(np.clip(ELEMENTS // (self.n_regions * max(n, self.n_regions)), 1, BLOCK))


def _pair(left: Residuals, position: int) -> Pair:
    """The controls and the patients at `position` of `left.populations`."""
    values = np.ascontiguousarray(np.vstack([left.of(0), left.of(position)]))
    return Pair(values, int(left.sizes[0]), left.kind, float(left.inflation[position]))


def make_pairs(design: Design, kind: str) -> tuple[list[Pair], Residuals]:
    """A pair for every patient group, in their order, checked; and the residuals they are made of."""
    left = residuals(design, kind=kind)
    pairs = [_pair(left, position) for position in range(1, len(left.populations))]
    for pair, name in zip(pairs, design.patients, strict=True):
        pair.require_imperfect((name, design.control), design.regions)
    return pairs, left


def blocks(n_permutations: int) -> list[tuple[int, int]]:
    """(number, permutations) of every block that shares a seed."""
    return [(k, min(BLOCK, n_permutations - k * BLOCK)) for k in range(-(-n_permutations // BLOCK))]


def members(pair: Pair, n_permutations: int, *, seed: int, position: int, block: int) -> Members:
    """(permutation, person): who is put into the smaller group of the pair, drawn without replacement."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(position, block)))
    chosen = np.empty((n_permutations, pair.n_chosen), dtype=np.intp)
    draw_people(rng.random(chosen.shape), len(pair.values), chosen)
    return chosen


def _batches(n: int, size: int) -> Iterator[slice]:
    for first in range(0, n, size):
        yield slice(first, min(first + size, n))


def _indicator(chosen: Members, n_people: int) -> npt.NDArray[np.bool_]:
    inside = np.zeros((len(chosen), n_people), dtype=bool)
    np.put_along_axis(inside, chosen, True, axis=1)
    return inside


def symmetric(upper: Floats) -> Floats:
    """Full correlation matrices from their upper triangles."""
    full = np.triu(upper, 1)
    full = full + full.swapaxes(-1, -2)
    diagonal = np.arange(full.shape[-1])
    full[..., diagonal, diagonal] = 1.0
    return np.asarray(full)

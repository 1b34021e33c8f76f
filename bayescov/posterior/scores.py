"""How good stated probabilities of two diagnoses are. Plain arrays; `positive` is 1 for the first diagnosis."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

__all__ = ["area_under_curve", "bootstrap_weights", "brier", "calibration", "log_score"]

Floats = npt.NDArray[np.float64]

SMALLEST = 1e-12


def area_under_curve(positive: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Probability that a person with the diagnosis scores higher than one without; ties count one half."""
    y, s = np.asarray(positive, dtype=bool), np.asarray(score, dtype=float)
    n_with, n_without = y.sum(), (~y).sum()
    return float((rankdata(s)[y].sum() - n_with * (n_with + 1) / 2) / (n_with * n_without))


def brier(positive: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared difference of the probability from what was: 0 is perfect, 1/4 is 'one half' for everybody."""
    return float(np.mean((np.asarray(probability, dtype=float) - np.asarray(positive, dtype=float)) ** 2))


def log_score(positive: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean log probability given to what was: 0 is perfect, -log 2 is 'one half' for everybody."""
    p = np.clip(np.asarray(probability, dtype=float), SMALLEST, 1 - SMALLEST)
    y = np.asarray(positive, dtype=bool)
    return float(np.mean(np.log(np.where(y, p, 1 - p))))


def calibration(
    positive: npt.ArrayLike, probability: npt.ArrayLike, bins: int
) -> tuple[Floats, Floats, Floats]:
    """Mean probability, share that had the diagnosis, and number of people, in `bins` groups of ascending probability."""
    y, p = np.asarray(positive, dtype=float), np.asarray(probability, dtype=float)
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return (
        np.array([p[i].mean() for i in parts]),
        np.array([y[i].mean() for i in parts]),
        np.array([float(len(i)) for i in parts]),
    )


def bootstrap_weights(positive: npt.ArrayLike, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """(count, person): positions drawn with replacement, as many of each diagnosis as there are."""
    y = np.asarray(positive, dtype=bool)
    draws = [rng.choice(np.flatnonzero(which), size=(count, int(which.sum()))) for which in (y, ~y)]
    return np.concatenate(draws, axis=1)

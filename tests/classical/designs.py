"""Designs made of plain arrays, for the tests of the twin."""

from dataclasses import replace

import numpy as np
import pandas as pd

import bayescov as bc

NAMES = ("HC", "MS", "NMOSD", "MOGAD", "SLE")


def design(groups, *, covariates=None, site=None, transform="identity"):
    """A design from one array (people, region) a group, the controls first."""
    y = np.vstack(groups)
    people = [f"s{i}" for i in range(len(y))]
    table = pd.DataFrame() if covariates is None else pd.DataFrame(covariates)
    formula = " + ".join(table.columns)
    if site is not None:
        table["site"] = site
    cohort = bc.Cohort.from_frames(
        pd.DataFrame(y, index=people, columns=[f"r{j}" for j in range(y.shape[1])]),
        [name for name, part in zip(NAMES, groups, strict=False) for _ in part],
        control="HC",
        covariates=table,
    )
    return bc.prepare(cohort, covariates=formula, transform=transform, site=None if site is None else "site")


def draw(rng, sizes, correlation, *, scale=None, shift=None, dof=None):
    """One array a group: multivariate normal (or t), with SDs and means of each group's own."""
    root = np.linalg.cholesky(correlation)
    groups = []
    for g, n in enumerate(sizes):
        z = rng.normal(size=(n, len(root)))
        if dof is not None:
            z /= np.sqrt(rng.chisquare(dof, size=(n, 1)) / dof)
        y = z @ root.T
        if scale is not None:
            y = y * scale[g]
        groups.append(y if shift is None else y + shift[g])
    return groups


def factor_correlation(p, strength=0.5):
    """Every pair of regions correlates equally."""
    return strength + (1 - strength) * np.eye(p)


def without(prepared, people, region):
    """The design without the volumes of these people (positions) in a region (position); `prepare` refuses such tables."""
    y = prepared.y.copy(deep=True)
    y[people, region] = np.nan
    return replace(prepared, y=y)

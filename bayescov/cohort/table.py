"""The Cohort: subjects x regions in mm3, a group and covariates for each subject, and what was checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.errors import TableError

__all__ = ["CheckResult", "Cohort"]


@dataclass(frozen=True)
class CheckResult:
    """One thing that was looked at, and what was found.

    Attributes
    ----------
    name : str
        Short name of the check, such as ``"constant regions"``.
    passed : bool or None
        True: fine. False: something the reader must know. None: could not be judged. NaN never passes.
    text : str
        One or more sentences for the person who has the table.
    table : pandas.DataFrame or None
        The rows, columns and values concerned; not compared.
    """

    name: str
    passed: bool | None
    text: str
    table: pd.DataFrame | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Cohort:
    """Validated volumes of several groups of people. Immutable; made by `read_cohort` or `simulate_study`.

    Attributes
    ----------
    data : xarray.Dataset
        ``volume`` (subject, region) in mm3, NaN where missing; ``group`` (subject), text; one variable
        (subject) for each covariate. Subjects and regions are text coordinates.
    control : str
        The reference group.
    checks : tuple of CheckResult
        Everything that was looked at while reading.
    truth : xarray.Dataset or None
        For simulated cohorts only: the parameters the volumes were drawn from.
    """

    data: xr.Dataset
    control: str
    checks: tuple[CheckResult, ...] = ()
    truth: xr.Dataset | None = field(default=None, repr=False)

    @classmethod
    def from_frames(
        cls,
        volumes: pd.DataFrame,
        group: pd.Series | Sequence[str],
        *,
        control: str,
        covariates: pd.DataFrame | None = None,
        attrs: Mapping[str, Any] | None = None,
        checks: Sequence[CheckResult] = (),
        truth: xr.Dataset | None = None,
    ) -> "Cohort":
        """Build a cohort from a frame of volumes in mm3 (index: subject, columns: region).

        Parameters
        ----------
        volumes : pandas.DataFrame
            Subjects x regions, mm3, NaN where missing.
        group : sequence of str
            One group name a subject, in the order of `volumes`.
        control : str
            Which of them is the reference.
        covariates : pandas.DataFrame, optional
            One row a subject, in the order of `volumes`.
        attrs : mapping, optional
            Source, tool, unit: anything worth keeping, as plain text and numbers.
        checks : sequence of CheckResult, optional
        truth : xarray.Dataset, optional

        Raises
        ------
        TableError
            If ids repeat, lengths differ, or the control group is not there.
        """
        subjects = [str(s) for s in volumes.index]
        groups = [str(g) for g in group]
        problems = []
        if len(groups) != len(subjects):
            problems.append(f"there are {len(subjects)} subjects but {len(groups)} group labels")
        if len(set(subjects)) != len(subjects):
            repeated = sorted({s for s in subjects if subjects.count(s) > 1})
            problems.append(f"subject ids repeat: {', '.join(repeated[:5])}")
        if control not in groups:
            present = ", ".join(dict.fromkeys(groups))
            problems.append(f"the control group {control!r} is not there; the groups are: {present}")
        if problems:
            raise TableError(problems)
        variables: dict[str, Any] = {
            "volume": (("subject", "region"), volumes.to_numpy(dtype=float)),
            "group": ("subject", np.array(groups, dtype=object)),
        }
        for name, column in ({} if covariates is None else covariates).items():
            numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
            values = column.to_numpy(dtype=float) if numeric else column.astype(object).to_numpy()
            variables[str(name)] = ("subject", values)
        coords = {
            "subject": np.array(subjects, object),
            "region": np.array([str(r) for r in volumes], object),
        }
        return cls(xr.Dataset(variables, coords, dict(attrs or {})), control, tuple(checks), truth)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Ids, as text, in the order of the table."""
        return tuple(self.data["subject"].values)

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions."""
        return tuple(self.data["region"].values)

    @property
    def groups(self) -> tuple[str, ...]:
        """All groups: the control first, then the others in the order of their first subject."""
        others = [g for g in dict.fromkeys(self.data["group"].values) if g != self.control]
        return (self.control, *others)

    @property
    def volumes(self) -> pd.DataFrame:
        """Volumes in mm3: a frame of subjects x regions."""
        return pd.DataFrame(
            self.data["volume"].values.copy(),
            index=pd.Index(self.subjects, name="subject"),
            columns=pd.Index(self.regions, name="region"),
        )

    @property
    def group(self) -> pd.Series:
        """The group of each subject."""
        return pd.Series(
            self.data["group"].values.copy(), index=pd.Index(self.subjects, name="subject"), name="group"
        )

    @property
    def covariates(self) -> pd.DataFrame:
        """Everything else that is known of each subject."""
        names = [str(v) for v in self.data.data_vars if v not in ("volume", "group")]
        return pd.DataFrame(
            {n: self.data.variables[n].values.copy() for n in names},
            index=pd.Index(self.subjects, name="subject"),
        )

    def select(self, keep: Sequence[str]) -> "Cohort":
        """The cohort of those subjects only, in this cohort's order."""
        wanted = set(keep)
        mask = [s in wanted for s in self.subjects]
        return Cohort(self.data.isel(subject=np.flatnonzero(mask)), self.control, self.checks, self.truth)

    def __repr__(self) -> str:
        """A line a group."""
        counts = self.group.value_counts()
        sizes = ", ".join(f"{counts[g]} {g}" for g in self.groups)
        return f"<Cohort: {sizes} (control {self.control}); {len(self.regions)} regions>"

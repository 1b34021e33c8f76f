"""`read_cohort`: from whatever a tool wrote to one validated table; `check`: what there is to say about it."""

import os
from collections.abc import Sequence

import pandas as pd

from bayescov.cohort.assemble import assemble
from bayescov.cohort.enough import lacking
from bayescov.cohort.readers import Source
from bayescov.cohort.table import CheckResult, Cohort
from bayescov.errors import TableError

__all__ = ["check", "read_cohort"]


def read_cohort(
    source: Source,
    *,
    participants: str | os.PathLike[str] | pd.DataFrame | None = None,
    id: str | None = None,
    group: str | None = None,
    control: str | None = None,
    regions: str | Sequence[str] = "subcortical",
    exclude: Sequence[str] = (),
    unit: str | None = None,
    visit: str | None = None,
    atlas: str | os.PathLike[str] | None = None,
) -> Cohort:
    """Read volumes, groups and covariates into one validated cohort.

    Parameters
    ----------
    source : path, list of paths, or pandas.DataFrame
        A table (CSV, TSV; wide, long or transposed), the folder or a file that a volumetry tool wrote, several of them
        to be joined on the id, or a frame. The tool is recognised from the content.
    participants : path or pandas.DataFrame, optional
        A table of the people, joined on the id as text (BIDS ``participants.tsv``; a JSON sidecar is used). For a
        folder, the ``participants.tsv`` in it or of its BIDS data set is found by itself.
    id : str, optional
        The column of ids, in both tables. Found by its name if not given.
    group : str, optional
        The column of groups; a column called group, diagnosis, dx, ... if not given.
    control : str, optional
        The reference group; the one called HC, CON, control, healthy, ... if not given.
    regions : {"subcortical", "all"} or list of str
        ``"subcortical"``: thalamus, caudate, putamen, pallidum, hippocampus, amygdala and accumbens of each side, and the
        brain-stem. Names may be in any tool's spelling.
    exclude : list of str
        Ids of people to leave out; kept in the cohort's ``attrs``.
    unit : {"mm3", "cm3", "ml", "l"}, optional
        Overrides the unit that the source states or that is told from the size of the volumes.
    visit : {"first", "last"} or str, optional
        Which row to take of people who have several: the first, the last (by the visits' names, dates or ages, where these are
        certain), or the one so called.
    atlas : path, optional
        A CSV file that describes further regions (see `bayescov.cohort.atlas.read_atlas`).

    Returns
    -------
    Cohort
        Volumes in mm3 under canonical names. ``cohort.checks`` says everything that was found, left out and guessed;
        ``cohort.data.attrs`` has source, tool, unit, group column and who was excluded. Head size is the covariate
        ``icv``, mm3.

    Raises
    ------
    TableError
        If the table cannot be used. Lists all its problems.

    Examples
    --------
    >>> import pandas as pd, bayescov as bc
    >>> table = pd.DataFrame({
    ...     "id": ["a", "b", "c", "d"], "group": ["HC", "HC", "MS", "MS"],
    ...     "Left-Thalamus-Proper": [7500.0, 7200, 6800, 6500], "Right-Thalamus-Proper": [7400.0, 7300, 6600, 6700],
    ... })
    >>> bc.read_cohort(table)
    <Cohort: 2 HC, 2 MS (control HC); 2 regions>
    """
    seen = assemble(
        source, participants, id, group, control, regions, exclude, unit, visit, atlas, need_groups=True
    )
    if seen.problems:
        raise TableError(seen.problems, source=seen.name)
    assert seen.control is not None
    return Cohort.from_frames(
        seen.volumes,
        list(seen.group),
        control=seen.control,
        covariates=seen.covariates,
        attrs=seen.attrs,
        checks=seen.checks,
    )


def check(
    source: Source | Cohort,
    *,
    participants: str | os.PathLike[str] | pd.DataFrame | None = None,
    id: str | None = None,
    group: str | None = None,
    control: str | None = None,
    regions: str | Sequence[str] = "subcortical",
    exclude: Sequence[str] = (),
    unit: str | None = None,
    visit: str | None = None,
    atlas: str | os.PathLike[str] | None = None,
) -> list[CheckResult]:
    """Everything there is to say about a table or a folder, without needing groups and without raising.

    Takes the arguments of `read_cohort`. What would make `read_cohort` fail comes first, as results named
    ``"problem"`` with ``passed=False``; then, under the same name, what `fit` would refuse whatever the formula.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescov.cohort import check
    >>> results = check(pd.DataFrame({"id": ["a"], "group": ["HC"], "Left-Thalamus": [0.0]}))
    >>> results[0].name, results[0].passed
    ('problem', False)
    """
    if isinstance(source, Cohort):
        return [*_problems(lacking(source.volumes, source.group, source.control)), *source.checks]
    try:
        seen = assemble(
            source, participants, id, group, control, regions, exclude, unit, visit, atlas, need_groups=False
        )
    except TableError as error:
        return _problems(error.problems)
    needed = lacking(seen.volumes, seen.group, seen.control)
    problems = [*seen.problems, *needed]
    return [*_problems(problems), *(c for c in seen.checks if c.text not in problems)]


def _problems(sentences: Sequence[str]) -> list[CheckResult]:
    return [CheckResult("problem", False, sentence) for sentence in sentences]

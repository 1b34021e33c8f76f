"""Files in, one validated table out.

    from bayescov.cohort import read_cohort, check

    cohort = read_cohort("aseg.tsv", participants="participants.tsv", group="diagnosis", control="HC")
    for result in check("aseg.tsv"):            # or check(cohort), or check("subjects_dir/")
        print(result.name, result.passed, result.text)

`read_cohort(source, *, participants, id, group, control, regions, exclude, unit, visit, atlas)` gives a `Cohort` or one
`TableError` that lists every problem. `check` takes the same arguments, needs no groups and never raises for what a table
may hold: a list of `CheckResult(name, passed, text, table)`; what would make `read_cohort` or `fit` fail comes first, with the
name ``"problem"`` and ``passed=False``. ``passed`` is True (fine), False (the reader must know) or None (could not be judged).
"""

from bayescov.cohort.atlas import read_atlas
from bayescov.cohort.read import check, read_cohort
from bayescov.cohort.regions import Atlas, Region, default_atlas
from bayescov.cohort.table import CheckResult, Cohort
from bayescov.cohort.volumes import read_volumes

__all__ = [
    "Atlas",
    "CheckResult",
    "Cohort",
    "Region",
    "check",
    "default_atlas",
    "read_atlas",
    "read_cohort",
    "read_volumes",
]

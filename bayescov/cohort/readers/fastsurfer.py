"""FastSurfer: ``stats/aseg+DKT.stats`` (``aseg+DKT.VINN.stats`` since 2025). A real file of version 2 was used.

The layout is FreeSurfer's. With ``--seg_only``, version 2 writes no ``# Measure`` line, so head size is not there;
after the surface stream, ``stats/aseg.stats`` holds it. Cortex is in the same file, as ``ctx-lh-*``.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bayescov.cohort.readers.freesurfer import read_stats
from bayescov.cohort.reading import Reading
from bayescov.cohort.regions import Atlas
from bayescov.cohort.table import CheckResult

__all__ = ["is_fastsurfer", "read_fastsurfer"]


def is_fastsurfer(name: str) -> bool:
    """Whether a file's name is FastSurfer's own."""
    return "aseg+DKT" in name


def read_fastsurfer(files: Iterable[Path], atlas: Atlas) -> Reading:
    """One person a subject. Of two names of one segmentation, the link and the file, one is read."""
    kept: dict[tuple[Path, str], Path] = {}
    for path in sorted(files):
        name = "aseg+DKT.stats" if is_fastsurfer(path.name) else path.name
        kept.setdefault((path.parent, name), path)
    reading = read_stats(kept.values(), atlas)
    if "icv" not in reading.volumes:
        text = "FastSurfer's segmentation alone does not give head size (icv); run its surface stream, or join it as a column."
        reading = reading.noting(CheckResult("head size", None, text))
    return replace(reading, tool="FastSurfer")

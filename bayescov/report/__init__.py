"""Answers -> pictures, tables, one HTML file."""

import sys
from types import ModuleType

from bayescov.report.headline import headline
from bayescov.report.page import report

__all__ = ["headline", "report"]


class _Room(ModuleType):
    """Python binds `bayescov.report` to this room as soon as it is imported; calling it writes the report."""

    __call__ = staticmethod(report)


sys.modules[__name__].__class__ = _Room
# `help(bayescov.report)` asks how to write a report; of the room there is little to say.
__doc__ = report.__doc__ or __doc__

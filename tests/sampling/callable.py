"""Kernels have no way in from Python, which would cost every user its compilation; for a test one is made."""

from numba import njit


def from_python(function):
    """The compiled function, to be called from Python."""

    @njit
    def called(*arguments):
        return function(*arguments)

    return called

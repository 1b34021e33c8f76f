"""The compiled determinants as operations of a PyTensor graph, with their gradients.

A graph of general matrix operations takes minutes to compile (each product is specialised again for each layout of its
arguments); three small operations, compiled once for all models and sizes, take seconds.
"""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

from bayescov.model import kernels

__all__ = ["correlation_terms", "edges_of_free", "scatter_logdet"]

# The compiled code is kept on disk by PyTensor; this number makes it forget an older version of the kernels.
VERSION = zlib.crc32(Path(kernels.__file__).read_bytes())


class _Kernel(Op):
    """An operation that calls one compiled function of float arrays."""

    __props__ = ()
    kernel: Callable[..., Any]
    ranks: tuple[int, ...]  # of the inputs

    def make_node(self, *inputs: Any) -> Apply:
        arguments = [pt.as_tensor_variable(x, dtype="float64") for x in inputs]
        ranks = tuple(x.type.ndim for x in arguments)
        if ranks != self.ranks:
            raise TypeError(f"{type(self).__name__} takes arrays of {self.ranks} dimensions, not {ranks}")
        shapes = self.shapes(*arguments)
        return Apply(self, arguments, [pt.TensorType("float64", shape)() for shape in shapes])

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        """Static shapes of the outputs."""
        raise NotImplementedError

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        results = type(self).kernel(*(np.ascontiguousarray(x) for x in inputs))
        for storage, result in zip(
            output_storage, results if isinstance(results, tuple) else (results,), strict=True
        ):
            storage[0] = result


@register_funcify_default_op_cache_key(_Kernel)
def _to_numba(op: _Kernel, node: Apply | None = None, **kwargs: Any) -> tuple[Callable[..., Any], int]:
    return type(op).kernel, VERSION


def _plus(length: int | None, more: int) -> int | None:
    return None if length is None else length + more


class EdgesOfFree(_Kernel):
    """(edge) any real numbers -> (edge + 1): correlations, then log |R|."""

    kernel = staticmethod(kernels.edges_of_free)
    ranks = (1,)

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        return [(_plus(inputs[0].type.shape[0], 1),)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [_edges_of_free_pullback(inputs[0], cotangents[0])]


class EdgesOfFreePullback(_Kernel):
    """Its gradient."""

    kernel = staticmethod(kernels.edges_of_free_pullback)
    ranks = (1, 1)

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        return [inputs[0].type.shape]


class CorrelationTerms(_Kernel):
    """(edge) correlations -> (region + 1): log |R|, then the logs of the diagonal of its inverse."""

    kernel = staticmethod(kernels.correlation_terms)
    ranks = (1,)

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        return [(None,)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [_correlation_terms_pullback(inputs[0], cotangents[0])]


class CorrelationTermsPullback(_Kernel):
    """Its gradient."""

    kernel = staticmethod(kernels.correlation_terms_pullback)
    ranks = (1, 1)

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        return [inputs[0].type.shape]


class ScatterLogdet(_Kernel):
    """(factor, mean, common, log_scale, edges, log_kappa) -> (population) log |kappa_g D_g R D_g + S_g|."""

    kernel = staticmethod(kernels.scatter_logdet)
    ranks = (3, 2, 2, 2, 1, 1)

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        return [inputs[1].type.shape[:1]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        # the data are not differentiated
        return [DisconnectedType()(), *_scatter_logdet_pullback(*inputs, cotangents[0])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False]] + [[True]] * 5


class ScatterLogdetPullback(_Kernel):
    """Its gradients."""

    kernel = staticmethod(kernels.scatter_logdet_pullback)
    ranks = (3, 2, 2, 2, 1, 1, 1)

    def shapes(self, *inputs: Any) -> list[tuple[int | None, ...]]:
        return [x.type.shape for x in inputs[1:6]]


edges_of_free = EdgesOfFree()
correlation_terms = CorrelationTerms()
scatter_logdet = ScatterLogdet()
_edges_of_free_pullback = EdgesOfFreePullback()
_correlation_terms_pullback = CorrelationTermsPullback()
_scatter_logdet_pullback = ScatterLogdetPullback()

"""How the kernels are compiled: each piece of code once.

Numba compiles what a function calls into the function, and does so again at every level of calls. Nested from the density
up to the loop over the sweeps, that took more than a minute after installation. So a sweep is a list of blocks, each
compiled by itself and called by its address. Only what Python calls is made callable from Python and kept on disk.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from bayescov.sampling.kernels.linking import only_linked

_jit = partial(njit, nogil=True, error_model="numpy", no_cfunc_wrapper=True)

kernel = _jit(
    cache=True
)  # called from Python: a wrapper as large as a small function, so only where it is needed
block = _jit(cache=True, no_cpython_wrapper=True)  # called by its address
inner = _jit(no_cpython_wrapper=True)  # called from kernels and blocks


@intrinsic
def call(typing, address, *arguments):
    """Call the block at `address`, compiled for exactly the types of `arguments`; what it raises is raised here."""
    signature = types.none(address, types.StarArgTuple.from_types(arguments))

    def generate(context, builder, signature, values):
        convention = context.call_conv
        function = convention.get_function_type(types.none, arguments)
        target = builder.inttoptr(values[0], ir.PointerType(function))
        unpacked = cgutils.unpack_tuple(builder, values[1], len(arguments))
        status, _ = convention.call_function(builder, target, types.none, arguments, unpacked)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return signature, generate


def address_of(function, argument_types):
    """Where the block's code for these types stands, an integer; compiled, or read from the cache, where it is not yet."""
    compiled = function.get_compile_result(types.none(*argument_types))
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


@contextmanager
def compiling() -> Iterator[None]:
    """Where many functions are compiled: no machine code that nobody calls, and no walks through what is in memory.

    Compiling makes millions of small objects, and the garbage collector would walk all of pandas again and again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        with only_linked():
            yield
    finally:
        if enabled:
            gc.enable()

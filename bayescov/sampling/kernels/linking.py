"""Machine code for what is called by its address, and for nothing else.

Numba optimises every function it compiles and translates it into machine code, though a function that is only called from
others is linked into theirs, and optimised and translated there once more. While the blocks of a sweep are compiled, a
library is only linked; the rest is done when an address in it is asked for, or its object is, to keep it on disk.

And loops are written out neither four times nor eight: the kernels' long ones do that by themselves, the others have a handful of
rounds. It is an eighth less to compile, and a sweep is a little faster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from numba.core import codegen
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target

# Of numba 0.61 to 0.68: of the object that generates code or of a library; and what its passes are made with.
INSIDES = ("_library_class", "_tm", "_optimize_final_module", "_finalize_final_module")
PASSES = (
    (codegen, "_parse_refprune_flags"),
    (llvm, "create_pipeline_tuning_options"),
    (llvm, "create_pass_builder"),
)


@contextmanager
def only_linked() -> Iterator[None]:
    """Libraries made in here are optimised and translated when they have to be, and not before.

    Where a numba to come has other insides, nothing is different.
    """
    owner = cpu_target.target_context.codegen()
    known = all(hasattr(owner, name) or hasattr(JITCodeLibrary, name) for name in INSIDES)
    if not (known and all(hasattr(module, name) for module, name in PASSES)):
        yield
        return
    owner._library_class = LinkedLibrary  # of this one object; its class keeps the usual one
    try:
        yield
    finally:
        vars(owner).pop("_library_class", None)  # another thread may have done so


def optimize(owner: Any, module: Any) -> None:
    """What numba does to a module before it is translated, but for loops written out several times."""
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization, options.slp_vectorization = True, False
    options.loop_interleaving = options.loop_unrolling = False
    builder = llvm.create_pass_builder(owner._tm, options)
    passes = builder.getModulePassManager()
    passes.add_refprune_pass(codegen._parse_refprune_flags())
    passes.run(module, builder)


class LinkedLibrary(JITCodeLibrary):
    """A library that is linked with what it calls, and no more until somebody needs the machine code."""

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self._waits = False
        self._environments: list[tuple[str, Any]] = []

    def finalize(self) -> None:
        """Link. Of what numba does next, the overridden methods below do nothing yet."""
        self._waits = True
        super().finalize()

    def _optimize_final_module(self) -> None:
        if not self._waits:
            optimize(self._codegen, self._final_module)

    def _finalize_final_module(self) -> None:
        if self._waits:
            self._finalized = True
        else:
            super()._finalize_final_module()

    def _translate(self) -> None:
        """What `finalize` left out."""
        if self._waits:
            self._waits = False
            self._optimize_final_module()
            self._final_module.verify()
            self._finalize_final_module()
            for name, environment in self._environments:
                self._codegen.set_env(name, environment)  # type: ignore[attr-defined]

    def get_pointer_to_function(self, name: str) -> int:
        """Address of a function; 0 where it is not defined here: numba asks of every function for the wrapper it may lack."""
        self._ensure_finalized()
        if self._waits and all(f.name != name or f.is_declaration for f in self._final_module.functions):
            return 0
        self._translate()
        return super().get_pointer_to_function(name)

    def serialize_using_object_code(self) -> Any:
        """What is kept on disk."""
        self._ensure_finalized()
        self._translate()
        return super().serialize_using_object_code()

    @property
    def codegen(self) -> "LinkedLibrary":
        """Whom numba asks to `set_env`, once it has compiled a function."""
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Write where a function's environment stands into its code, as soon as there is any."""
        if self._waits:
            self._environments.append((name, environment))
        else:
            self._codegen.set_env(name, environment)  # type: ignore[attr-defined]

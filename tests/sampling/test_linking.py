"""Machine code only for what is called by address: what is linked waits, what is called works, and nobody else notices."""

from contextlib import suppress

import pytest
from numba import njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target

from bayescov.sampling.kernels import linking
from bayescov.sampling.kernels.linking import LinkedLibrary, only_linked

ONE_NUMBER = (types.float64,)


def pair():
    """A function that is only called from the other, and that other; both raise, with a value known at the call only."""

    @njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
    def half(x):
        if x < 0.0:
            raise ValueError("negative", x)
        return x / 2.0

    @njit(no_cfunc_wrapper=True)
    def quarter(x):
        if x > 100.0:
            raise ValueError("large", x)
        return half(half(x))

    return half, quarter


def result_of(function):
    (compiled,) = function.overloads.values()
    return compiled


def translated(function):
    """Whether the engine holds machine code of a function."""
    compiled = result_of(function)
    return cpu_target.target_context.codegen()._engine.is_symbol_defined(compiled.fndesc.llvm_func_name)


def test_what_is_only_linked_has_no_machine_code_of_its_own():
    half, quarter = pair()
    with only_linked():
        quarter.compile(ONE_NUMBER)
    assert isinstance(result_of(half).library, LinkedLibrary)
    assert not translated(half)
    assert translated(quarter)
    assert quarter(3.0) == 0.75


def test_without_it_both_have():
    half, quarter = pair()
    quarter.compile(ONE_NUMBER)
    assert translated(half)
    assert translated(quarter)


def test_what_waits_is_translated_when_its_address_is_asked_for():
    half, quarter = pair()
    with only_linked():
        quarter.compile(ONE_NUMBER)
    compiled = result_of(half)
    assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cpython_wrapper_name) == 0
    assert not translated(half)
    assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) != 0
    assert translated(half)


def test_what_both_raise_arrives_with_its_values():
    _, quarter = pair()
    with only_linked():
        quarter.compile(ONE_NUMBER)
    for value, word in ((-1.5, "negative"), (101.5, "large")):
        with pytest.raises(ValueError, match=word) as caught:
            quarter(value)
        assert caught.value.args == (word, value)


def test_what_is_compiled_afterwards_may_call_what_waits():
    half, quarter = pair()
    with only_linked():
        quarter.compile(ONE_NUMBER)

    @njit
    def eighth(x):
        return half(quarter(x))

    assert eighth(8.0) == 1.0


def test_an_error_leaves_numba_as_it_was():
    codegen = cpu_target.target_context.codegen()
    with suppress(RuntimeError), only_linked():
        inside = codegen._library_class
        raise RuntimeError("of this test")
    assert inside is LinkedLibrary
    assert codegen._library_class is JITCodeLibrary


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ("INSIDES", ("_library_class", "_something_of_the_future")),
        ("PASSES", ((linking.llvm, "_something_of_the_past"),)),
    ],
)
def test_a_numba_with_other_insides_compiles_as_ever(monkeypatch, known, missing):
    monkeypatch.setattr(linking, known, missing)
    half, quarter = pair()
    with only_linked():
        quarter.compile(ONE_NUMBER)
    assert translated(half)
    assert quarter(3.0) == 0.75

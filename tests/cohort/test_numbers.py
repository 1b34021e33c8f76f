"""Cells of text become the number that was meant, or none."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescov.cohort.numbers import decimal_mark, to_number, to_numbers


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_is_read_to_the_last_bit(value):
    assert to_number(repr(value)) == value
    assert to_number(f"  {value!r}\t") == value
    if abs(value) < 1e15:  # what a decimal comma can write
        assert to_number(f"{value:.6f}".replace(".", ","), ",") == float(f"{value:.6f}")


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12))
def test_thousands(value):
    assert to_number(f"{value:,}") == value


@pytest.mark.parametrize(
    "cell", ["", " ", "n/a", "NA", "NaN", "nan", "NULL", ".", "-", "x", "X", "#N/A", "?", "None"]
)
def test_missing_words(cell):
    assert math.isnan(to_number(cell))


@pytest.mark.parametrize(
    "cell", ["good", "1e999", "1_000", "0x1F", "12.3.4", "1,23", "3 400", "--5", "inf", "１２", "1,2,3"]
)
def test_what_is_no_number(cell):
    with pytest.raises(ValueError, match=r"^(?s:.+)$"):
        to_number(cell)


@pytest.mark.parametrize(
    ("cells", "delimiter", "mark"),
    [(["7,54", "8,1"], ";", ","), (["7.54"], ";", "."), (["1,446", "2,001"], ",", "."), (["1,446"], ";", ","), (["0,541"], ",", ","),
     (["1.234,5"], "\t", ","), (["1,234.5"], "\t", "."), ([], ",", "."), (["1\u202f234,5"], ";", ","), (["1'234.5"], ";", ".")],
)  # fmt: skip
def test_the_decimal_mark(cells, delimiter, mark):
    assert decimal_mark(cells, delimiter) == mark


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", "'", "’"])
def test_thousands_may_be_parted_by_spaces_or_apostrophes(space):
    assert to_number(f"-1{space}234{space}567,5", ",") == -1234567.5
    assert to_number(f"7{space}763.7") == 7763.7
    for not_parted in (f"7{space}63.7", f"7763{space}500", f"12{space}3456"):
        with pytest.raises(ValueError, match=r"\d"):
            to_number(not_parted)


def test_points_that_may_part_thousands_are_not_guessed():
    with pytest.raises(ValueError, match=r"7\.541"):
        to_number("7.541", ",")


def test_bad_rows_are_named():
    values, bad = to_numbers(["1.5", "oops", None, 2.5, True, float("inf")])
    assert bad == [1, 4, 5]
    assert values[0] == 1.5
    assert values[3] == 2.5
    assert all(math.isnan(values[i]) for i in (1, 2, 4, 5))

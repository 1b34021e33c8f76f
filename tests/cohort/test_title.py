"""Tables with a title above the header, as spreadsheets have them."""

import pytest

from bayescov.cohort import read_cohort
from bayescov.cohort.readers.title import require_no_title
from bayescov.errors import TableError
from tests.cohort.people import table

TITLES = {
    "as wide as the table": ("Studie 2023" + ";" * 19, 2),
    "narrower": ("Studie 2023;;;;", 2),
    "one cell": ("Studie 2023", 2),
    "two cells": ("Studie 2023;Stand Mai", 2),
    "several rows": ("Studie 2023;;;;\n;;;;\nStand: Mai;2023", 4),
    "a blank line": ("Studie, 2023\n", 3),
    "a comment before": ("sep=;\nStudie 2023;;;;", 3),
}


@pytest.mark.parametrize("delimiter", ";\t")
@pytest.mark.parametrize(("title", "row"), TITLES.values(), ids=TITLES)
def test_a_title_is_named_however_wide_it_is(tmp_path, title, row, delimiter):
    frame, path = table(20), tmp_path / "t.csv"
    assert frame.shape[1] == 20
    written = f"{title}\n{frame.to_csv(sep=';', index=False)}"
    path.write_text(written.replace(";", delimiter))
    sentence = (
        f"the header stands in row {row} of the file ('participant_id', 'group', 'age' and 17 more); delete what is above it, "
        "so that it comes first"
    )
    with pytest.raises(TableError) as refused:
        read_cohort(path)
    assert refused.value.problems == (sentence,)
    with pytest.raises(TableError) as refused:
        read_cohort(frame, participants=path)
    assert refused.value.problems == (f"the participants' table cannot be read: {sentence}",)


@pytest.mark.parametrize(
    "text",
    [
        "id;group;sex\na;HC;F\nb;MS;M\n",
        ";group;sex\na;HC;F\nb;MS;M\n",
        "id;group\na;HC\nb;MS\n",
        "id;;;\na;HC;F;1\nb;MS;M;2\n",  # a header without names: there are numbers in every row below
        "id;group;sex\na;HC\nb;MS;M;x\n",
        "a b c\n",
        "id hippocampus thalamus group\ns0 3,03 6,96 HC\ns1 3,10 7,02 MS\ns2 2,90 6,80 MS\n",  # commas are in the numbers
        "",
    ],
)
def test_a_header_in_the_first_row_is_no_title(text):
    require_no_title(text, "t", above=0)

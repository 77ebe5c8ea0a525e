"""CSV that is safe to open in a spreadsheet."""

import csv
import io

import pytest

from agileml.lib.tables import as_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("//x","y")'])
def test_no_text_begins_a_formula(text: str):
    assert next(csv.reader(io.StringIO(as_csv([[text]]), newline=""))) == [f"'{text}"]


def test_numbers_stay_numbers_and_texts_stay_whole():
    told = as_csv([["a, b", 'say "no"', -0.5, 3, None, "two\nlines", "a=b"]])
    assert told == '"a, b","say ""no""",-0.5,3,,"two\nlines",a=b\r\n'

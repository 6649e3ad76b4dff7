import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.errors import AtalaiaError
from atalaia.patterns import check_pattern, match_texts


def match_whole(pattern, texts):
    return match_texts(pattern, pa.array(texts, pa.string()), whole=True).to_pylist()


@pytest.mark.parametrize("pattern", ["", "[A-Z]\\d{2}", "a|b", "(?i)x", "(?P<n>a)(b)", "\\Qa.b\\E", "é+", "(a+)+"])
def test_a_pattern_that_can_run_has_no_fault(pattern):
    assert check_pattern(pattern) is None


@pytest.mark.parametrize("pattern", ["(a)\\1", "(?P<n>a)(?P=n)", "(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", "(?>a)"])
def test_backreferences_and_lookaround_are_refused_in_words(pattern):
    assert "no lookaround and no backreferences" in check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["[", "a)|(b", "(", "*", "a\\", "x{9999}", "\\Qab", "\ud800"])
def test_what_is_no_expression_of_its_own_is_refused(pattern):
    assert check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "matched"),
    [
        ("a|b", "b", True),
        ("a|b", "ab", False),
        ("a", "a\n", False),
        ("a$", "a\n", False),
        ("(?m)a$", "a\nb", False),
        ("a.b", "a\nb", False),
        (".", "é", True),
        ("", "", True),
        ("", "a", False),
        ("(?i)a", "A", True),
    ],
)
def test_a_pattern_matches_the_whole_of_a_text_or_not_at_all(pattern, text, matched):
    assert match_whole(pattern, [text]) == [matched]


@pytest.mark.parametrize("end", ["b", ""])
def test_a_pattern_that_makes_others_backtrack_for_minutes_is_matched_at_once(end):
    assert match_whole("(a+)+", ["a" * 10_000 + end]) == [not end]


@given(st.lists(st.text(alphabet="abc1\n", max_size=8), max_size=20))
def test_patterns_match_what_the_standard_library_matches(texts):
    pattern = "(a|b)*1?c{0,2}"

    assert match_whole(pattern, texts) == [re.fullmatch(pattern, text) is not None for text in texts]


def test_a_pattern_that_cannot_run_is_an_error_of_the_user():
    with pytest.raises(AtalaiaError, match=r"\(\?=a\)"):
        match_whole("(?=a)", ["a"])

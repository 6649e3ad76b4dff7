import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.segments import rest_name, segment_column, segment_name

texts = st.text(alphabet='ab="\\é', max_size=6) | st.sampled_from(
    ["a (rest)", "(rest)", " (rest)", '"a" (rest)', "a=b (rest)"]
)


def test_a_segment_is_named_by_its_column_and_value():
    assert segment_name("region", "north") == "region=north"


@pytest.mark.parametrize(
    ("column", "name"), [("a=b", '"a=b"=c'), ('"a', '"\\"a"=c'), ("é=", '"é="=c'), ('a"', 'a"=c'), ("", "=c")]
)
def test_a_column_whose_name_could_be_misread_is_quoted(column, name):
    assert segment_name(column, "c") == name


@given(texts, texts)
def test_the_column_of_a_segment_is_found_again(column, value):
    assert segment_column(segment_name(column, value)) == column


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_two_segments_have_one_name_only_if_they_are_the_same(one, other):
    assert (segment_name(*one) == segment_name(*other)) == (one == other)


def test_the_rest_is_named_by_its_column():
    assert (rest_name("region"), rest_name("a=b")) == ("region (rest)", '"a=b" (rest)')


@given(texts, texts, texts)
def test_no_value_of_any_column_is_named_like_a_rest(column, other, value):
    assert rest_name(column) != segment_name(other, value)


@given(texts, texts)
def test_a_rest_has_a_column_of_its_own_which_is_found_again(column, other):
    assert segment_column(rest_name(column)) == column
    assert (rest_name(column) == rest_name(other)) == (column == other)


def test_all_rows_are_a_segment_of_no_column():
    assert segment_column("") is None

"""The inferred monitor file: what is guessed from what, and that it always loads."""

import decimal
import itertools
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from atalaia.checks import METRICS
from atalaia.errors import LogError
from atalaia.infer import Found, infer_monitor, slug
from atalaia.infer_tally import MAX_DISTINCT
from atalaia.monitor_file import load_monitor
from atalaia.rows import ALL_SIDES, NO_TIME, Reject, RowBatch, Side

N = 1_000


def batch(captured=ALL_SIDES, **columns) -> RowBatch:
    return table(columns, captured)


def table(columns, captured=ALL_SIDES) -> RowBatch:
    arrays = {name: v if isinstance(v, pa.Array) else pa.array(v) for name, v in columns.items()}
    rows = len(next(iter(arrays.values()), []))
    return RowBatch(arrays, rows, captured, np.full(rows, NO_TIME), None, np.zeros(rows, np.int64))


FOUND = Found(name="fraud", logs="logs", baseline=("ref.csv",), format="csv", why="it has a header")


def infer(*batches, **options) -> str:
    known = set(Found.__struct_fields__)
    found = replace(FOUND, **{name: value for name, value in options.items() if name in known})
    return infer_monitor(batches, found, **{name: value for name, value in options.items() if name not in known})


def guessed(*batches) -> dict:
    """The columns of the inferred monitor by name, as it loads."""
    return {column.name: column for column in load_monitor(infer(*batches), "m").columns}


def only(values, name="x"):
    return guessed(table({name: values}))[name]


def comment(values, name="x") -> str:
    """What is said of the only column, wherever it stands."""
    said = infer(table({name: values})).split("columns:\n")[1].split("  # guessed: ")[1].split("\n\n")[0]
    return "; ".join(line.removeprefix("  #   ") for line in said.splitlines() if not line.startswith("  - "))


# ---- types


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (range(N), "integer"),
        (np.arange(N, dtype=np.uint8), "integer"),
        (np.linspace(0, 1, N), "number"),
        (np.linspace(0, 1, N).astype(np.float32), "number"),
        (np.linspace(0, 1, N).astype(np.float16), "number"),
        ([decimal.Decimal("1.50"), decimal.Decimal("2.25")], "number"),
        ([True, False], "boolean"),
        (["a", "b"], "string"),
        (pa.array(["a", "b"], pa.large_string()), "string"),
        (pa.array(["a", "b"], pa.string_view()), "string"),
        (pa.array(["a", "b"]).dictionary_encode(), "string"),
        (pa.array([1, 2], pa.timestamp("ns")), "time"),
        (pa.array([1, 2], pa.date32()), "time"),
        (pa.array([0, 86_400_000], pa.date64()), "time"),
        (["2026-03-01", "2026-03-01T10:00:00.123456789Z", "2026-03-01 10:00+01:00"], "time"),
        (["1", "2", "-3"], "integer"),
        (["1", "2.5", "1e3"], "number"),
        (["true", "False"], "boolean"),
        (["00501", "10001"], "string"),
        (["1", "x"], "string"),
        (["1", "2026-03-01"], "string"),
        (["nan", "inf"], "string"),
    ],
)
def test_the_type_follows_from_the_values(values, kind):
    assert only(values).type == kind


def test_a_few_texts_among_numbers_leave_it_a_number_and_are_told():
    values = [str(i) for i in range(995)] + ["n/a"] * 5

    assert only(values).type == "integer"
    assert "5 of 1,000 values are no numbers" in comment(values)


def test_digits_with_leading_zeros_are_told_to_be_codes():
    assert "codes, not numbers" in comment(["00501", "10001"])


def test_a_column_that_changes_its_type_between_batches_has_the_wider_one():
    assert guessed(batch(x=[1, 2]), batch(x=[0.5, 2.5]))["x"].type == "number"


@pytest.mark.parametrize("values", [[[1, 2]], [{"a": 1}], [b"bytes"], pa.array([1, 2], pa.duration("s"))])
def test_values_that_are_not_compared_are_ignored(values):
    assert only(values).role == "ignored"
    assert comment(values).startswith("nested or binary")


@pytest.mark.parametrize("values", [[None, None], pa.array([None, None], pa.string()), [float("nan")]])
def test_a_column_without_values_is_ignored(values):
    assert only(values).role == "ignored"
    assert comment(values).startswith("no value in")


# ---- kinds


def test_few_distinct_whole_numbers_are_categories():
    assert only([i % 20 for i in range(N)]).kind == "categorical"


@pytest.mark.parametrize(
    "values",
    [
        [i % 21 for i in range(N)],  # too many values
        [i % 20 for i in range(400)],  # not below 5 %
        [i % 4 + 0.5 for i in range(N)],  # fractions
        [7] * N,  # constant
    ],
)
def test_other_numbers_keep_their_default_kind(values):
    assert only(values).kind is None


def test_two_whole_numbers_written_as_floats_are_categories_too():
    column = only([float(i % 2) for i in range(N)])

    assert (column.type, column.kind) == ("number", "categorical")


def test_three_whole_numbers_written_as_floats_are_measured():
    assert only([float(i % 3) for i in range(N)]).kind is None


# ---- roles


@pytest.mark.parametrize("name", ["timestamp", "eventTime", "Event Time", "datetime"])
@pytest.mark.parametrize(
    "values", [[1.77e9, 1.78e9], ["2026-03-01", "2026-03-02"], [1_770_000_000_000, 1_780_000_000_000]]
)
def test_a_time_is_known_by_its_name_and_its_values(name, values):
    column = only(values, name)

    assert (column.role, column.type) == ("time", "time")


@pytest.mark.parametrize("values", [[1, 24], [5e-9, 1e20], ["noon", "night"]])
def test_a_name_alone_makes_no_time(values):
    assert only(values, "time").role == "feature"


def test_the_best_name_is_the_time_and_other_times_are_ignored():
    columns = guessed(batch(date=["2026-03-01"], event_time=["2026-03-01"], born=["2000-01-01"]))

    assert [c.role for c in columns.values()] == ["ignored", "time", "ignored"]


@pytest.mark.parametrize("name", ["id", "uuid", "customer_id", "requestId"])
def test_an_id_is_known_by_its_name_and_distinct_values(name):
    assert only([f"r{i}" for i in range(50)], name).role == "id"


def test_the_best_name_is_the_id_and_other_ids_are_ignored():
    columns = guessed(batch(customer_id=[f"c{i}" for i in range(N)], id=range(N)))

    assert [c.role for c in columns.values()] == ["ignored", "id"]


def test_of_two_ids_with_equal_names_the_first_is_taken():
    columns = guessed(batch(a_id=range(N), b_id=range(N)))

    assert [c.role for c in columns.values()] == ["id", "ignored"]


def test_an_identifier_that_repeats_is_ignored():
    assert only([i % 500 for i in range(N)], "store_id").role == "ignored"


def test_an_identifier_of_few_things_is_a_feature():
    assert only([i % 10 for i in range(N)], "store_id").role == "feature"


def test_fractions_are_no_id():
    assert only([0.5, 1.5], "id").role == "feature"


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("prediction", [0, 1], "prediction"),
        ("y_pred", ["a", "b"], "prediction"),
        ("predicted_label", [0, 1], "prediction"),
        ("prediction_0", [0.1, 0.2], "prediction"),
        ("prediction_1", [0.1, 5.0], "prediction"),
        ("prediction_rank", [1, 2], "feature"),
        ("yPredProba", [0.1, 0.2], "score"),
        ("score", [0.1, 5.0], "score"),
        ("score", ["good", "bad"], "feature"),
        ("y_true", [0, 1], "label"),
        ("target", ["a", "b"], "label"),
        ("credit_score", [700, 800], "feature"),
    ],
)
def test_the_role_follows_from_the_name(name, values, role):
    assert only(values, name).role == role


@pytest.mark.parametrize(
    ("sides", "values", "role"),
    [
        ({Side.OUTPUT}, [0.2, 0.7], "score"),
        ({Side.OUTPUT}, [0, 1], "prediction"),
        ({Side.OUTPUT}, [10.5, 11.5], "prediction"),
        ({Side.OUTPUT}, ["a", "b"], "prediction"),
        ({Side.OUTPUT, Side.LABEL}, [0, 1], "prediction"),
        ({Side.LABEL}, [0, 1], "label"),
        ({Side.INPUT}, [0.2, 0.7], "feature"),
        ({Side.INPUT, Side.OUTPUT}, [0.2, 0.7], "feature"),
    ],
)
def test_the_role_follows_from_the_side(sides, values, role):
    assert guessed(batch(frozenset(sides), x=values))["x"].role == role


def test_a_column_seen_on_the_input_once_is_no_output():
    output, both = frozenset({Side.OUTPUT}), frozenset({Side.INPUT, Side.OUTPUT})

    assert guessed(batch(output, x=[1]), batch(both, x=[2]))["x"].role == "feature"


def test_missing_values_do_not_tell_a_side():
    output, inputs = frozenset({Side.OUTPUT}), frozenset({Side.INPUT})

    assert guessed(batch(output, x=[1]), batch(inputs, x=[None], y=[1]))["x"].role == "prediction"


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("y_pred", ["a"], "a prediction by its name"),
        ("prediction_1", [0.5], "a prediction by its name"),
        ("score", [0.5], "a score by its name"),
        ("x", ["a"], "a prediction by its side"),
        ("score", ["good"], "a prediction by its side"),  # a score is a number, so its name told nothing
    ],
)
def test_the_comment_says_whether_a_role_came_from_name_or_side(name, values, said):
    assert said in infer(table({name: values}, frozenset({Side.OUTPUT})))


@pytest.mark.parametrize(
    "values",
    [
        [f"comment {i} " + "x" * 100 for i in range(50)],
        [f"where is order {i}" for i in range(5)],
        [None, *(f"where is order {i % 30}" for i in range(50))],
        ["x" * i for i in range(65, 100)],
        [f"営業時間を教えてください{i}" for i in range(50)],
        pa.array([f"where is order {i}" for i in range(50)]).dictionary_encode(),
    ],
)
def test_many_texts_of_several_words_are_free_text(values):
    guess = only(values)

    assert (guess.type, guess.kind, guess.role) == ("string", "text", "feature")
    assert comment(values).startswith("free text, compared by length; ")


def test_free_text_comes_with_a_hint_that_can_be_taken_at_its_word():
    text = infer(table({"x": [f"where is order {i}" for i in range(50)]}))
    hint = text.split("to count those with a link: ")[1].splitlines()[0]

    taken = text.replace("kind: text", f"kind: text, {hint}")
    assert load_monitor(taken, "m", METRICS).columns[0].patterns == {"link": "https?://"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", [f"ab{i}" for i in range(50)]),
        ("x", [f"Ana Silva{i}" for i in range(50)]),
        ("x", ["where is my order", "how do I pay"] * 30),
        ("x", [f"where is order {i}" for i in range(4)]),
        ("x", [f"where is {i}" if i % 2 else str(i) for i in range(51)]),
        ("ticket_id", [f"ticket number {i} x" for i in range(N)]),
    ],
)
def test_identifiers_few_texts_and_repeated_ones_are_no_free_text(name, values):
    assert only(values, name).kind is None


def test_identifiers_by_their_values_are_ignored():
    values = [f"{i:032x}" for i in range(10**31, 10**31 + 50)]

    assert only(values).role == "ignored"
    assert comment(values).startswith("an identifier by its values; 50 distinct values in 50 rows")


def test_answers_of_a_model_are_free_text_on_the_output_side():
    answers = table({"answer": [f"the order {i} is on its way" for i in range(50)]}, frozenset({Side.OUTPUT}))

    assert (guessed(answers)["answer"].role, guessed(answers)["answer"].kind) == ("prediction", "text")


def test_a_few_distinct_texts_in_a_small_table_stay_a_feature():
    assert only(["a", "b", "c"]).role == "feature"


def test_a_sensitive_name_is_only_a_hint():
    assert only(["F", "M"], "sex").role == "feature"
    assert "if it is sensitive: role: sensitive" in comment(["F", "M"], "sex")


def test_a_constant_is_told():
    assert comment(["a"] * N).startswith("constant: one value in 1,000 rows")
    assert comment(["a"]).startswith("constant: one value in 1 row")


# ---- missing values, ranges, sets


def test_nothing_missing_in_enough_rows_makes_a_column_not_nullable():
    assert only([1.5] * 100).nullable is False


@pytest.mark.parametrize(("name", "values"), [("id", range(N)), ("timestamp", ["2026-03-01"] * N)])
def test_an_id_or_a_time_is_left_nullable_but_the_comment_says_that_none_is_missing(name, values):
    assert only(values, name).nullable is True
    assert comment(values, name).endswith("none missing")


def test_nothing_missing_in_few_rows_says_nothing():
    assert only([1.5] * 99).nullable is True


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_value_is_counted(missing):
    assert only([1.5] * N + [missing]).nullable is True
    assert "1 of 1,001 rows missing" in comment([1.5] * N + [missing])


def test_a_batch_of_the_same_side_without_the_column_counts_as_missing():
    assert "1 of 3 rows missing" in infer(batch(x=[1.5, 2.5], y=[1, 2]), batch(y=[1]))


def test_a_batch_of_another_side_does_not():
    inputs, output = frozenset({Side.INPUT}), frozenset({Side.OUTPUT})

    assert "missing" not in infer(batch(inputs, x=[1.5, 2.5]), batch(output, y=[1]))


def test_the_observed_range_is_a_hint_only():
    assert only([3, 90]).range is None
    assert comment([3, 90]).endswith("to bound it: range: [3, 90]")
    assert comment([0.25, 1e300]).endswith("range: [0.25, 1e+300]")


def test_infinities_do_not_bound():
    assert comment([0.5, 2.5, float("inf")]).endswith("range: [0.5, 2.5]")
    assert "range" not in comment([float("inf"), float("-inf")])


def test_a_score_from_0_to_1_has_that_range():
    assert only([0.2, 0.7], "score").range == (0.0, 1.0)


def test_a_score_beyond_1_has_no_range():
    assert only([0.2, 7.0], "score").range is None


def test_two_texts_in_enough_rows_are_the_set():
    assert only(["yes", "no"] * 50).set == ("no", "yes")


@pytest.mark.parametrize("values", [["yes", "no"] * 49, ["a"] * N, ["a", "b", "c"] * 50, ["a", "b" * 65] * 50])
def test_other_texts_are_no_set(values):
    assert only(values).set is None


def test_up_to_twenty_texts_are_listed_as_a_hint():
    assert comment(["a", "b: c", "no"] * 50).endswith('to allow only these: set: [a, "b: c", "no"]')
    assert "to allow" not in comment([f"v{i % 21}" for i in range(N)])


# ---- the text


def test_the_order_of_the_columns_is_kept():
    assert list(guessed(batch(b=[1], a=[1]), batch(c=[1], a=[1]))) == ["b", "a", "c"]


def test_the_header_says_what_was_read():
    text = infer(batch(x=[1, 2]), Reject("not_json", 0, 5, rows=2), Reject("bad_csv", 5, 9), why='a "line"\nsaid so')

    assert "# Read: 2 rows, 1 column; rejected: 1 bad_csv, 2 not_json.\n" in text
    assert '# Format: csv (a "line"\\nsaid so).\n' in text


def test_names_and_places_are_written_as_given():
    text = infer(batch(x=[1]), name="Fraud: März", logs="s3://bucket/a b", baseline=("yes", "1e3"), output="o#ut")

    monitor = load_monitor(text, "m")

    assert (monitor.name, monitor.model.name, monitor.logs.source) == ("fraud-marz", "Fraud: März", "s3://bucket/a b")
    assert (monitor.baseline.data, monitor.output) == (("yes", "1e3"), "o#ut")


def test_without_reference_data_the_section_is_a_comment():
    assert load_monitor(infer(batch(x=[1]), baseline=()), "m").baseline is None


def test_the_commented_defaults_are_the_real_ones():
    text = infer(batch(x=[1]))

    active = "\n".join(line[2:] if line.startswith(("# window", "# lateness")) else line for line in text.splitlines())

    assert load_monitor(active, "m") == load_monitor(text, "m")


def test_the_commented_checks_are_valid_when_uncommented():
    head, checks = infer(batch(x=[1])).split("# checks:")

    text = head + "checks:" + checks.replace("\n#", "\n")

    assert load_monitor(text, "m", METRICS).checks[0].metric == "psi"


def test_a_name_that_is_no_unicode_is_left_out_and_told():
    text = infer(table({"a\ud800": [1], "b": [1]}))

    assert "# left out: 1 column whose name is not valid Unicode" in text
    assert [c.name for c in load_monitor(text, "m").columns] == ["b"]


def test_reading_stops_at_the_limit():
    endless = (batch(x=[float(i)] * 7) for i in itertools.count())

    text = infer(*itertools.islice(endless, 3), max_rows=10)
    streamed = infer_monitor(endless, FOUND, max_rows=10)

    assert "# Read: 14 rows (where reading stopped), 1 column." in text
    assert "# Read: 14 rows" in streamed


def test_more_distinct_values_than_are_kept_are_told_as_more():
    assert comment(range(3 * MAX_DISTINCT), "amount").startswith("more than 10,000 distinct values")


def test_an_id_with_more_values_than_are_kept_is_an_id():
    assert only(range(3 * MAX_DISTINCT), "id").role == "id"


@pytest.mark.parametrize(
    "batches", [(), (Reject("not_json", 0, 3),), (table({}),), (batch(x=pa.array([], pa.int64())),)]
)
def test_without_a_row_there_is_nothing_to_infer(batches):
    with pytest.raises(LogError, match="no row with columns was found in data read as csv"):
        infer(*batches)


def test_the_error_says_what_was_rejected():
    with pytest.raises(LogError, match="rejected: 4 not_json"):
        infer(Reject("not_json", 0, 3, rows=4))


def test_slug_is_offered_here_too():
    assert slug("My Folder/2") == "my-folder-2"


# ---- the law: it always loads

WEIRD = [
    "",
    "null",
    "yes",
    "1e3",
    "a: b",
    "- a",
    "'",
    '"',
    "\n",
    "<script>",
    "#x",
    "{",
    "id",
    "label",
    "timestamp",
    "x_id",
    " ",
]
UNNAMED = re.compile(r"_c\d+")  # of these only the commonest number is described, as tests above have it
NAMES = st.sampled_from(WEIRD) | st.text(max_size=8).filter(lambda name: not UNNAMED.fullmatch(name))
NUMBERS = st.floats() | st.none()
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3) | st.none()
VALUES = st.sampled_from(
    [NUMBERS, INTEGERS, st.text(max_size=4) | st.none(), st.booleans(), st.sampled_from(WEIRD), st.none()]
)
SIDES = st.sampled_from([ALL_SIDES, frozenset({Side.INPUT}), frozenset({Side.OUTPUT}), frozenset({Side.LABEL})])


@st.composite
def batches(draw):
    rows = draw(st.integers(1, 6))
    stretch = draw(st.sampled_from([1, 40]))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    lists = {name: draw(st.lists(draw(VALUES), min_size=rows, max_size=rows)) for name in names}
    return table({name: pa.array(values * stretch) for name, values in lists.items()}, draw(SIDES))


@given(st.lists(batches(), min_size=1, max_size=3), st.text(max_size=8), st.text(min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_an_inferred_file_loads_with_the_columns_that_were_read(read, name, place):
    text = infer(*read, name=name, logs=place, baseline=(place,), format=place, why=place)

    monitor = load_monitor(text, "m", METRICS)

    assert [c.name for c in monitor.columns] == list(dict.fromkeys(n for b in read for n in b.columns))
    assert monitor.logs.source == place
    guesses = sum("  # guessed: " in line for line in text.splitlines())
    assert guesses == len(monitor.columns) + 2  # and that the logs are the reference data


# ---- logs beside reference data, and logs of several layouts


def served(*batches, **reference):
    text = infer(batch(**reference), served=batches)
    return {c.name: c.role.value for c in load_monitor(text, "m").columns}


def test_logs_with_names_tell_the_outputs_by_name():
    output = batch(frozenset({Side.OUTPUT}), approved=[True])

    assert served(output, income=[1.0], approved=[True]) == {"income": "feature", "approved": "prediction"}


def test_logs_without_names_tell_the_outputs_by_their_number():
    both = frozenset({Side.INPUT, Side.OUTPUT})
    row = batch(both, _c0=[1.0], _c1=[2.0], prediction=[1])

    assert served(row, a=[1.0], b=[2.0], approved=[True]) == {"a": "feature", "b": "feature", "approved": "prediction"}


def test_logs_whose_numbers_do_not_fit_tell_nothing():
    both = frozenset({Side.INPUT, Side.OUTPUT})
    row = batch(both, _c0=[1.0], prediction=[1])

    assert served(row, a=[1.0], b=[2.0], approved=[True])["approved"] == "feature"


def test_what_is_known_by_name_already_keeps_its_role():
    assert served(batch(frozenset({Side.OUTPUT}), score=[0.5]), a=[1.0], score=[0.5])["score"] == "score"


def test_rejects_among_the_logs_tell_nothing():
    assert served(Reject("not_json", 0, 1), a=[1.0]) == {"a": "feature"}


def test_of_unnamed_inputs_in_different_numbers_the_commonest_is_described():
    wide, narrow = batch(_c0=[1, 2], _c1=[3, 4]), batch(_c0=[5])
    text = infer(narrow, wide)

    assert [c.name for c in load_monitor(text, "m").columns] == ["_c0", "_c1"]
    assert "# Not described: 1 row (" in text


def test_a_time_named_after_the_prediction_is_no_output_of_unnamed_logs():
    both = frozenset({Side.INPUT, Side.OUTPUT})
    row = batch(both, _c0=[1.0], prediction=[1], prediction_time=["2026-03-01"])

    assert served(row, a=[1.0], approved=[True]) == {"a": "feature", "approved": "prediction"}


def test_logs_that_are_the_reference_data_are_a_guess():
    assert "source: data.csv  # guessed: the data" in infer(batch(x=[1]), logs="data.csv", baseline=("data.csv",))
    assert "source: logs\n" in infer(batch(x=[1]), logs="logs", baseline=("data.csv",))


def test_reference_data_that_are_the_logs_are_a_guess():
    same = infer(batch(x=[1]), logs="data.csv", baseline=("data.csv",))

    assert (
        "baseline:  # guessed: the logs themselves; replace it with training data, or a fault in these logs is not seen"
        in same
    )
    assert "baseline:\n" in infer(batch(x=[1]), logs="logs", baseline=("data.csv",))


# ---- files that are not separated by commas

ASKED = "# Only one column: is the separator a"


@pytest.mark.parametrize(("separator", "spoken"), [(";", "semicolon"), ("\t", "tab")])
def test_a_single_column_with_another_separator_is_asked_about(separator, spoken):
    row = separator.join("123")

    assert f"{ASKED} {spoken}?" in infer(table({separator.join("abc"): [row]}))
    assert f"{ASKED} {spoken}?" in infer(table({"_c0": [row, row, None, "x"]}))


@pytest.mark.parametrize(
    "columns", [{"a;b": [1], "c": [2]}, {"text": ["a;b", "c", "d"]}, {"x": [1.5, 2.5]}, {"x": [None, None]}]
)
def test_other_columns_are_not_asked_about(columns):
    assert ASKED not in infer(table(columns))


def test_only_csv_is_asked_about_its_separator():
    assert ASKED not in infer(table({"a;b": ["1;2"]}), format="parquet")


# ---- long lines


def column_lines(*batches) -> list[str]:
    return infer(*batches).split("columns:\n")[1].split("\n\n")[0].splitlines()


def test_a_short_comment_stands_beside_its_column():
    (line,) = column_lines(batch(x=[1]))

    assert line == "  - {name: x, type: integer}  # guessed: constant: one value in 1 row"


def test_comments_beside_their_columns_begin_at_the_same_place():
    lines = column_lines(batch(x=[1], longer=[0.5], flag=[True]))

    assert len({line.index("# guessed") for line in lines}) == 1


def test_a_comment_is_not_pushed_over_the_edge_by_the_columns_around():
    lines = column_lines(batch(x=[0.25, 1.5, 9.75], label=[True, True, False]))

    assert lines == [
        "  - {name: x,     type: number}  # guessed: 3 distinct values in 3 rows; to bound it: range: [0.25, 9.75]",
        "  - {name: label, type: boolean, role: label}  # guessed: a label by its name; 2 distinct values in 3 rows",
    ]


def test_a_long_comment_stands_above_its_column():
    lines = column_lines(table({"n" * 39: [i / 7 + 0.01 for i in range(N)]}))

    assert lines[0].startswith("  # guessed: 1,000 distinct values in 1,000 rows; none missing")
    assert lines[-1] == "  - {name: " + "n" * 39 + ", type: number, nullable: false}"


def test_the_hints_of_a_very_long_comment_have_lines_of_their_own():
    values = ["full time", "part time", "self employed", "unemployed", "student", "retired"] * 50

    assert column_lines(table({"employment_status": values})) == [
        "  # guessed: 6 distinct values in 300 rows; none missing",
        "  #   to allow only these: set: [full time, part time, retired, self employed, student, unemployed]",
        "  - {name: employment_status, type: string, nullable: false}",
    ]

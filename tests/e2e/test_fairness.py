"""`atalaia fairness` as users run it, and its page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import atalaia, strict_json

from atalaia.monitoring.bias import MEASURES
from atalaia_cli.fairness import range_text

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/fairness.md"
ASKED = ("--facet", "age", "--facet-value", "<25", "--label", "repaid", "--predicted", "approved")


@pytest.fixture(scope="module")
def loans(tmp_path_factory):
    """A folder with the sample of the page."""
    folder = tmp_path_factory.mktemp("loans")
    subprocess.run([sys.executable, ROOT / "examples/car_loans/fairness.py", folder], check=True)
    return folder


def test_json_has_each_metric_with_its_range_in_the_documented_shape(loans):
    done = atalaia("fairness", "decided.csv", *ASKED, "--group", "salary_range", "--json", cwd=loans)
    found = strict_json(done.stdout)
    bias = found["facets"][0]

    assert done.returncode == 0, done.stderr
    assert list(found) == [
        "facet", "label", "predicted", "group", "positive", "rows", "left_out", "rejected", "facets",
    ]  # fmt: skip
    assert list(bias) == ["value", "facet", "others", "metrics"]
    assert list(bias["facet"]) == ["rows", "positive_labels", "confusion"]
    assert list(bias["metrics"]) == list(MEASURES)
    assert {tuple(metric) for metric in bias["metrics"].values()} == {("value", "fair", "low", "high", "meaning")}


def test_the_page_tells_the_numbers_of_its_example(loans):
    done = atalaia("fairness", "decided.csv", *ASKED, "--group", "salary_range", cwd=loans)
    told = PAGE.read_text().partition("## The example")[2].partition("## The metrics")[0].replace(" %", "%")

    printed = dict(re.findall(r"^([A-Z]+) +(\S+)", done.stdout, re.MULTILINE))
    named = re.findall(r"([A-Z]+)(?: is |, )(-?[0-9.]+[0-9])", told)
    assert {name for name, _ in named} == {"DPL", "CDDL", "DI", "CDDPL", "RD", "SD"}
    for name, value in named:
        assert printed[name] == value
    for share in re.findall(r"[0-9.]+%", told):
        assert share in done.stdout
    assert "facet: 499 rows" in done.stdout


def test_a_table_for_each_value_says_what_a_number_means(loans):
    done = atalaia("fairness", "decided.csv", "--facet", "gender", "--label", "repaid", cwd=loans)

    assert done.returncode == 0, done.stderr
    assert done.stdout.index("gender = m") < done.stdout.index("gender = f")
    assert "recall" not in done.stdout
    assert "share of positive labels" in done.stdout


def test_what_was_left_out_and_rejected_is_told(loans):
    (loans / "few.csv").write_text("sex,paid\nd,1\na,0\na,\n")
    (loans / "torn.jsonl").write_text('{"sex": "a"\n')
    done = atalaia("fairness", "few.csv", "torn.jsonl", "--facet", "sex", "--label", "paid", cwd=loans)

    assert done.stdout.startswith("2 rows; 1 left out: paid missing; 1 rejected: the line is not valid JSON\n")


def test_what_is_not_defined_is_a_dash_and_null(loans):
    asked = ("fairness", "all.csv", "--facet", "sex", "--facet-value", "a", "--label", "paid", "--predicted", "paid2")
    (loans / "all.csv").write_text("sex,paid,paid2\nd,1,0\na,1,1\na,0,1\n")

    assert re.search("^DI +\N{EN DASH} ", atalaia(*asked, cwd=loans).stdout, re.MULTILINE)
    assert strict_json(atalaia(*asked, "--json", cwd=loans).stdout)["facets"][0]["metrics"]["DI"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["decided.csv", "--facet", "aeg", "--label", "repaid"], "aeg: no such column. Did you mean 'age'?"),
        (["decided.csv", "--facet", "age", "--label", "age"], "two options name one column (age, age)"),
        (["nowhere.csv", "--facet", "age", "--label", "repaid"], "nowhere.csv: there is no such file or folder"),
    ],
)
def test_a_mistake_is_one_line_of_help(loans, arguments, words):
    done = atalaia("fairness", *arguments, cwd=loans)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


def test_the_table_of_the_page_is_the_one_that_is_measured():
    table = PAGE.read_text().partition("a test compares -->\n")[2].partition("<!-- end")[0].strip()
    rows = ["| metric | what the number is | range | without bias | needs |", "|---|---|---|---|---|"]
    for name, metric in MEASURES.items():
        needed = [("`--predicted`", metric.predicted), ("`--group`", metric.grouped)]
        needs = " and ".join(option for option, is_needed in needed if is_needed)
        rows.append(f"| `{name}` | {metric.meaning} | {range_text(metric)} | {metric.fair:g} | {needs} |")

    assert table.splitlines() == rows


def test_the_sample_needs_a_place_to_go():
    script = ROOT / "examples/car_loans/fairness.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (2, "usage: python fairness.py OUT\n")

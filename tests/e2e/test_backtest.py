"""`atalaia backtest` as users run it, on the example of its page."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from terminal import atalaia, strict_json

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/backtest.md").read_text()
AS_OF = "2026-05-11T02:00:00Z"


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The page's example, checked."""
    folder = tmp_path_factory.mktemp("deliveries")
    subprocess.run([sys.executable, ROOT / "examples/deliveries/ten_weeks.py", folder], check=True)
    done = atalaia("check", "monitor.yaml", "--now", AS_OF, cwd=folder)
    assert done.returncode == 1, done.stderr
    return folder


@pytest.fixture(scope="module")
def found(place):
    done = atalaia("backtest", "monitor.yaml", "--with", "changed.yaml", "--job-cost", "4.20", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    return strict_json(done.stdout)


def told(place, *arguments):
    done = atalaia("backtest", "monitor.yaml", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def days(found, side):
    return [each["start"][5:10] for each in found["windows"] if each[side]["actions"]]


def test_the_page_tells_what_comes_out(found):
    assert (found["then"]["actions"], found["now"]["actions"]) == (6, 3)
    assert (found["then"]["cost"], found["now"]["cost"]) == (pytest.approx(25.2), pytest.approx(12.6))
    assert days(found, "then") == ["03-13", "04-03", "04-17", "04-24", "05-01", "05-08"]
    assert days(found, "now") == ["04-21", "04-28", "05-05"]
    (third,) = [each for each in found["windows"] if each["start"].startswith("2026-04-03")]
    assert {f["metric"] for f in third["now"]["findings"] if f["status"] == "alert"} == {"drift_over_time"}


def test_what_json_holds_is_documented(found):
    shape = (ROOT / "docs/command-line.md").read_text().partition("`backtest`: `{")[2].partition("\n\n")[0]
    window = found["windows"][0]
    deed = next(each["then"]["actions"][0] for each in found["windows"] if each["then"]["actions"])

    keys = [*found, *found["now"], *window, *window["now"], *deed]
    assert set(re.findall(r'"(\w+)"', shape)) == set(keys)
    assert {key for each in found["windows"] for finding in each["now"]["findings"] for key in finding} == {
        "signal", "metric", "column", "segment", "value", "threshold", "status",
    }  # fmt: skip


def test_the_same_monitor_has_no_difference(place):
    text = told(place)

    assert text.startswith("No difference\n")
    assert "what differs" not in text


def test_the_terminal_shows_both_sides_and_what_differs(place):
    text = told(place, "--with", "changed.yaml", "--job-cost", "4.20")

    assert "12 of 70 windows would have been otherwise" in text
    assert re.search(r"^cost of actions +25\.20 +12\.60$", text, re.MULTILINE)
    assert re.search(r"^first alert +13 Mar 2026 +3 Apr 2026$", text, re.MULTILINE)
    assert re.search(
        r"^13 Mar 2026 +2 alerts +fine +no longer alert: amount, channel; retrain would not act", text, re.MULTILINE
    )
    assert re.search(r"^21 Apr 2026 +4 alerts +4 alerts +retrain would act: drifted 0\.667 >= 0\.3", text, re.MULTILINE)
    assert "also alert: amount over" in text


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_what_either_monitor_costs_a_month_is_what_atalaia_cost_says(place, cloud):
    wide = (place / "changed.yaml").read_text().replace("window: 1d", "window: 2d")
    (place / "wide.yaml").write_text(wide)
    done = atalaia("backtest", "monitor.yaml", "--with", "wide.yaml", "--cloud", cloud, "--json", cwd=place)
    found = strict_json(done.stdout)

    for side, file in (("then", "monitor.yaml"), ("now", "wide.yaml")):
        said = atalaia("cost", file, "--rows", "600/day", "--cloud", cloud, "--json", cwd=place)
        assert found[side]["month"] == pytest.approx(strict_json(said.stdout)["clouds"][0]["dollars"])
    assert found["then"]["month"] != found["now"]["month"]
    assert "a month of the monitor" in told(place, "--cloud", cloud)


def test_the_picture_of_the_page_is_the_one_that_its_command_makes(place):
    told(place, "--with", "changed.yaml", "--picture", "made.svg")
    made = (place / "made.svg").read_text()

    assert made == (ROOT / "docs/backtest.svg").read_text()
    assert ET.fromstring(made).tag == "{http://www.w3.org/2000/svg}svg"
    assert "](backtest.svg)" in PAGE


def test_the_page_with_the_picture_has_the_totals(place):
    told(place, "--with", "changed.yaml", "--job-cost", "4.20", "--picture", "made.HTML")
    text = (place / "made.HTML").read_text()

    assert '<tr><th scope="row">actions</th><td>6</td><td>3</td></tr>' in text
    assert '<tr><th scope="row">cost of actions</th><td>25.20</td><td>12.60</td></tr>' in text
    assert text.count("<svg") == 1


def test_the_page_tells_what_differs(place):
    told(place, "--with", "changed.yaml", "--picture", "made.html")
    told(place, "--picture", "same.html")
    text = (place / "made.html").read_text()

    assert '<th scope="row">21 Apr 2026</th><td>4 alerts</td><td>4 alerts\n→ retrain</td>' in text
    assert "<td>retrain would act: drifted 0.667 &gt;= 0.3</td>" in text
    assert "what differs" not in (place / "same.html").read_text()


def test_dates_below_the_picture_are_never_cut_off(place):
    told(place, "--from", "2026-04-10", "--picture", "month.svg")  # 31 windows: every sixth has a date, also the last

    dates = re.findall(
        r'x="([\d.]+)" y="\d+" fill="#52606d" font-size="11">(\d+ \w+ \d+)<', (place / "month.svg").read_text()
    )
    assert [date for _, date in dates] == ["10 Apr 2026", "16 Apr 2026", "22 Apr 2026", "28 Apr 2026", "4 May 2026"]
    assert all(float(left) + 6 * len(date) < 800 for left, date in dates)


def test_wider_windows_are_noted(place, tmp_path):
    (tmp_path / "weeks.yaml").write_text((place / "changed.yaml").read_text().replace("window: 1d", "window: 1w"))

    text = told(place, "--with", tmp_path / "weeks.yaml", "--to", "2026-03-16")

    assert "! windows are 1w wide instead of 1d: `then` adds up those within one" in text


def test_nothing_is_written_to_the_output(place):
    before = {path: path.read_bytes() for path in (place / "atalaia").rglob("*") if path.is_file()}

    told(place, "--with", "changed.yaml")

    assert {path: path.read_bytes() for path in (place / "atalaia").rglob("*") if path.is_file()} == before


def test_many_windows_that_differ_are_counted(place, tmp_path):
    text = (place / "changed.yaml").read_text().replace("checks:", "checks:\n  - {metric: row_count, threshold: 700}")
    (tmp_path / "strict.yaml").write_text(text)

    shown = told(place, "--with", tmp_path / "strict.yaml", "--to", "2026-04-20")

    assert "49 of 49 windows would have been otherwise" in shown
    assert "and 9 more windows that differ; --json has all of them" in shown


def test_notes_say_what_could_not_be_replayed(place, tmp_path):
    text = (place / "changed.yaml").read_text().replace("columns:\n", "columns:\n  - {name: new}\n")
    (tmp_path / "new.yaml").write_text(text)

    text = told(place, "--with", tmp_path / "new.yaml", "--from", "2026-05-08")

    assert "! left out, as the stored profiles do not have them: new" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "2026-04-02", "--to", "2026-04-01"], "2026-04-01T00:00:00Z is not after 2026-04-02T00:00:00Z"),
        (["--from", "2026-09-01"], "no whole window of 1d has profiles"),
        (["--from", "soon"], "--from 'soon': not a moment"),
        (["--picture", "made.png"], "--picture made.png: neither .svg nor .html"),
        (["--picture", "absent/made.svg"], "--picture absent/made.svg: there is no folder absent. Make it first"),
        (["--job-cost", "nan"], "--job-cost nan: not a number"),
        (["--with", "absent.yaml"], "absent.yaml: no such file or directory"),
        (["--with", "other.yaml"], "other: another monitor than deliveries"),
        (["--with", "hourly.yaml"], "windows of 1d, which windows of 1h cannot be made of"),
        (["--out", "nowhere"], "nowhere/deliveries: no profiles are stored there"),
    ],
)
def test_a_mistake_is_told_in_one_line(place, arguments, told):
    text = (place / "monitor.yaml").read_text()
    (place / "other.yaml").write_text(text.replace("name: deliveries", "name: other"))
    (place / "hourly.yaml").write_text(text.replace("window: 1d", "window: 1h"))

    done = atalaia("backtest", "monitor.yaml", *arguments, cwd=place)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_was_copied_from_a_cloud_is_replayed_under_its_own_monitor_file(place, tmp_path):
    text = (place / "monitor.yaml").read_text()
    for key, uri in (("source: ", "s3://logs/"), ("output: ", "s3://out/"), ("data: [", "s3://reference/")):
        text = text.replace(key, key + uri)
    (tmp_path / "cloud.yaml").write_text(text)

    done = atalaia("backtest", tmp_path / "cloud.yaml", "--out", place / "atalaia", "--to", "2026-03-16", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No difference\n")


def test_every_option_stands_in_the_page():
    text = atalaia("backtest", "--help").stdout

    options = set(re.findall(r"^  (--[\w-]+)", text, re.MULTILINE)) - {"--help"}
    assert options >= {"--with", "--json"}
    assert [option for option in options if f"`{option}" not in PAGE] == []


def test_an_action_that_was_declined_is_told_apart(place, tmp_path):
    shutil.copytree(place, tmp_path / "again")
    (action, *_) = sorted((tmp_path / "again/atalaia/deliveries/actions/retrain").iterdir())
    action.write_text(action.read_text().replace('"state":"done"', '"state":"declined"'))

    text = told(tmp_path / "again", "--to", "2026-03-16")

    assert "→ retrain, declined" in text
    assert "1 of 14 windows would have been otherwise" in text

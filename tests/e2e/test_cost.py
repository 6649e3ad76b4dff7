"""`atalaia cost`, from a shell."""

import re
from pathlib import Path

import pytest
from terminal import atalaia, strict_json

ROOT = Path(__file__).resolve().parents[2]
DETAILED = ("--columns", "222", "--window", "1h", "--rows", "3m", "--cloud", "aws")


def bills(*arguments, cwd):
    done = atalaia("cost", *arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return {bill["cloud"]: bill for bill in strict_json(done.stdout)["clouds"]}


def test_a_bill_names_its_sum_the_dearest_item_and_what_to_change(tmp_path):
    done = atalaia("cost", *DETAILED, "--detail", "columns", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert re.search(r"^AWS, US East \(N\. Virginia\): \$61\d\.\d\d a month", done.stdout)
    assert re.search(r"^CloudWatch series +2,020 +\$0\.30 +\$606\.00 ", done.stdout, re.MULTILINE)
    assert "Dearest: CloudWatch series, $606.00: 2,020 series-months." in done.stdout
    assert re.search(r"--detail summary saves \$600\.\d\d: 2,001 series fewer", done.stdout)
    assert re.search(r"as of \d{4}-\d\d-\d\d, from copies of aws\.amazon\.com's price pages", done.stdout)


def test_a_monitor_file_is_priced_on_both_clouds(tmp_path):
    found = bills(ROOT / "examples/credit_scoring/sagemaker.yaml", "--rows", "100k/day", cwd=tmp_path)

    assert list(found) == ["aws", "azure"]
    for bill in found.values():
        assert bill["dollars"] == pytest.approx(sum(item["dollars"] for item in bill["items"]))
        assert bill["dearest"] == max(bill["items"], key=lambda item: item["dollars"])["item"]
        assert all(item["source"].startswith("https://") for item in bill["items"])
        assert not bill["free_tier"]


def test_a_monitor_file_of_a_cloud_is_priced_without_reaching_it(tmp_path):
    text = (ROOT / "examples/credit_scoring/sagemaker.yaml").read_text()
    (tmp_path / "monitor.yaml").write_text(
        text.replace("source: ", "source: s3://logs/").replace("output: ", "output: s3://out/")
    )

    assert bills("monitor.yaml", "--rows", "1m", "--cloud", "aws", cwd=tmp_path)["aws"]["dollars"] > 0


def test_what_is_free_can_be_taken_off(tmp_path):
    plain, free = (bills("--columns", "5", "--rows", "1m", *more, cwd=tmp_path) for more in ((), ("--free-tier",)))

    assert all(free[cloud]["free_tier"] and free[cloud]["dollars"] < plain[cloud]["dollars"] for cloud in plain)


def test_a_mistake_is_one_line(tmp_path):
    done = atalaia("cost", "--columns", "3", "--rows", "many", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == ("atalaia: --rows many: not a number of them. Write it like 1500, 100k, 3m, or 100k/day.\n")


def test_the_page_has_the_bills_that_are_made(tmp_path):
    page = (ROOT / "docs/cost.md").read_text()
    columns, summary = (bills(*DETAILED, "--detail", detail, cwd=tmp_path)["aws"] for detail in ("columns", "summary"))

    assert f"| a month | ${columns['dollars']:.2f} | ${summary['dollars']:.2f} |" in page


def test_every_option_stands_in_the_page(tmp_path):
    page = (ROOT / "docs/cost.md").read_text()
    named = re.findall(r"^  (--[a-z-]+)", atalaia("cost", "--help", cwd=tmp_path).stdout, re.MULTILINE)

    assert len(named) > 15
    assert [name for name in named if name not in page and name != "--help"] == []

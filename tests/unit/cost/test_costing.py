"""The options of `atalaia cost`, in this process."""

import json

import pytest
from click.testing import CliRunner

from atalaia.errors import AtalaiaError
from atalaia_cli.commands import cli

PLAIN = ("--columns", "20", "--rows", "30m", "--objects", "1m", "--detail", "columns")


def priced(*arguments):
    """Return the bills' sums by cloud."""
    done = CliRunner().invoke(cli, ["cost", *arguments, "--json"])
    if done.exception is not None:
        raise done.exception
    return {bill["cloud"]: bill["dollars"] for bill in json.loads(done.stdout)["clouds"]}


@pytest.mark.parametrize(
    "option",
    [
        "--objects 100",
        "--object-kb 9000",
        "--window 1h",
        "--segments 9",
        "--detail summary",
        "--metrics otlp",
        "--no-queue",
        "--every 5m",
        "--memory 512",
        "--alarms 9",
        "--months 12",
        "--free-tier",
    ],
)
def test_an_option_changes_both_bills(option):
    plain, other = priced(*PLAIN), priced(*PLAIN, *option.split())

    assert all(other[cloud] != plain[cloud] for cloud in plain)


@pytest.mark.parametrize("option", ["--batch 7", "--batch-seconds 5", "--arch x86_64", "--dashboards 0"])
def test_an_option_of_aws_changes_its_bill_alone(option):
    plain, other = priced(*PLAIN), priced(*PLAIN, *option.split())

    assert other["aws"] != plain["aws"]
    assert other["azure"] == plain["azure"]


def test_rows_per_object_stand_for_objects():
    given = ("--columns", "20", "--rows", "30m")

    assert priced(*given, "--rows-per-object", "30") == priced(*given, "--objects", "1m")


def test_rows_of_a_day_are_those_of_thirty():
    assert priced("--columns", "5", "--rows", "10k/day") == priced("--columns", "5", "--rows", "300,000")


def test_segments_of_a_monitor_file_are_priced_unless_it_is_said_how_many(tmp_path):
    file = tmp_path / "monitor.yaml"
    head = "name: m\nmodel: {name: m}\nlogs: {source: s3://b/l}\noutput: s3://b/o\ncolumns:\n  - {name: x}\n"
    file.write_text(head + "  - {name: where, type: string, role: segment}\n")

    told = priced(str(file), "--rows", "3m")
    assert told == priced(str(file), "--rows", "3m", "--segments", "11")
    assert told["aws"] > priced(str(file), "--rows", "3m", "--segments", "0")["aws"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rows", "3m"], "MONITOR and --columns are two ways"),
        (["monitor.yaml", "--columns", "3", "--rows", "3m"], "MONITOR and --columns are two ways"),
        (["no-such.yaml", "--rows", "3m"], "no-such.yaml: no such file"),
        (["--columns", "3", "--rows", "1", "--objects", "-1"], "--objects -1: not a number of them"),
        (["--columns", "3", "--rows", "1", "--every", "soon"], "--every: 'soon' is not a duration"),
        (["--columns", "3", "--rows", "1", "--every", "5s"], "--every 5s: too short"),
        (["--columns", "3", "--rows", "1", "--metrics", "smoke"], "--metrics smoke: no such way"),
        (["--columns", "3", "--rows", "1", "--cloud", "azure", "--metrics", "emf"], "--metrics emf: no such way"),
        (["--columns", "3", "--rows", "1", "--memory", "300"], "--memory 300: Azure has 512, 2048, 4096 MB"),
        (["--columns", "3", "--rows", "1", "--cloud", "aws", "--memory", "64"], "--memory 64: Lambda has 128 to"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(arguments, told):
    with pytest.raises(AtalaiaError) as caught:
        priced(*arguments)

    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith(".")

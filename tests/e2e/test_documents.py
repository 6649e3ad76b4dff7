"""What the documents say is what the program does."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest

import atalaia
from atalaia.checks import METRICS
from atalaia.monitor_checks import BY_CONVENTION
from atalaia.monitor_file import find_faults
from atalaia.monitoring.receipts import Receipt
from atalaia.report import Evidence
from atalaia_azure.draining import MOST_TRIES
from atalaia_azure.runtime import LIMIT
from atalaia_cli.commands import cli
from emulated_aws.knobs import Knobs as AwsKnobs
from emulated_azure.knobs import Knobs as AzureKnobs

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    "README.md",
    "docs/command-line.md",
    "docs/cost.md",
    "docs/from-sagemaker.md",
    "docs/from-azureml.md",
    "docs/conventions.md",
    "docs/fairness.md",
    "docs/policies.md",
    "docs/backtest.md",
]


def blocks(document):
    return re.findall(r"```bash\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def commands(document):
    return [line.split("  #")[0].strip() for block in blocks(document) for line in block.splitlines() if line.strip()]


def test_every_command_of_the_documents_runs(tmp_path):
    """In the order of reading, from an empty folder; `make` is left to the test below, and to those who call it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    lines = [line for document in DOCUMENTS for line in commands(document) if not line.startswith("make ")]
    script = f'set -eux\nPATH="{Path(sys.executable).parent}:$PATH"\n' + "\n".join(lines)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines) >= 10


def test_every_command_of_the_emulators_page_runs(tmp_path):
    """From a folder that has what `make` makes, and is the emulator's own: its state lies below it."""
    (tmp_path / "build").mkdir()
    for name in ("ministack", "emulator", "node", "azure-emulator", "azure-worker"):
        (tmp_path / "build" / name).symlink_to(ROOT / "build" / name)
    shutil.copytree(ROOT / "local-emulator", tmp_path / "local-emulator", ignore=shutil.ignore_patterns("__pycache__"))
    lines = [line for line in commands("docs/emulator.md") if not line.startswith("make ")]
    script = f'set -eux\nPATH="{Path(sys.executable).parent}:$PATH"\n' + "\n".join(lines)

    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:" in (tmp_path / "build/emulator.env").read_text()
    assert json.loads((tmp_path / "build/emulator.json").read_text())["running"]
    assert len(lines) >= 4


def test_every_knob_stands_in_the_emulators_page():
    text = (ROOT / "docs/emulator.md").read_text()

    for knob in (*fields(AwsKnobs), *fields(AzureKnobs)):
        assert f"`{knob.name}`" in text, knob.name


def test_every_make_target_of_the_readme_is_there():
    pages = ("README.md", "docs/aws.md", "docs/emulator.md")
    lines = [line for page in pages for line in commands(page) if line.startswith("make ")]
    named = {target for line in lines for target in shlex.split(line.partition("&&")[0])[1:]}
    named |= set(re.findall(r"`make (\w+)`", (ROOT / "README.md").read_text()))

    assert named >= {"setup", "demo", "test", "check", "fix", "emulator"}
    for target in named:
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of a demo that has run, and what it printed."""
    script, folder = ROOT / "examples/credit_scoring/demo.py", tmp_path_factory.mktemp("shown") / "demo"
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_demo_finds_all_that_was_planted_and_no_more(demo):
    assert demo[1].count("All 8 planted faults found, and no other.\n") == 2


def test_the_demos_policy_fires_once_and_not_when_checked_again(demo):
    folder, printed = demo
    [request] = (folder / "atalaia/jobs").iterdir()
    [line] = re.findall(r"^Policy .*$", printed, re.MULTILINE)

    assert json.loads(request.read_bytes())["evidence"]["window"]["start"] == "2026-03-03T00:00:00Z"
    assert line == "Policy retrain acted because of 2026-03-03: drifted 0.4 > 0.3"
    assert f"\nChecked again. Requests for a training in {folder}/atalaia/jobs: 1\n" in printed


def test_the_demo_ends_with_a_backtest(demo):
    folder, printed = demo

    assert f"$ atalaia backtest {folder}/sagemaker.yaml --with {folder}/changed.yaml" in printed
    assert re.search(r"^actions +1 +0$", printed, re.MULTILINE)
    assert (folder / "backtest.svg").is_file()


def test_every_setting_of_the_functions_stands_in_the_readme():
    text = (ROOT / "README.md").read_text()
    sources = [path for folder in ("adapters", "functions") for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"\bATALAIA_[A-Z_]+", path.read_text())}

    assert len(named) > 10
    for name in named:
        assert f"`{name}`" in text, name


def test_every_function_of_azure_and_setting_of_its_host_stands_in_its_page():
    text = (ROOT / "docs/azure.md").read_text()
    functions = re.findall(r"^def ([a-z]\w+)\(", (ROOT / "functions/azure/function_app.py").read_text(), re.MULTILINE)
    host = json.loads((ROOT / "functions/azure/host.json").read_text())
    settings = [name for service in ("blobs", "queues") for name in host["extensions"][service]]

    assert {"ingest_blob", "ingest_queue", "collect", "evaluate"} <= set(functions)
    for name in functions:
        assert f"| `{name}` |" in text, name
    for name in ("functionTimeout", *settings):
        assert name in text, name


def test_a_call_on_azure_ends_when_its_host_ends_it():
    host = json.loads((ROOT / "functions/azure/host.json").read_text())

    assert host["functionTimeout"] == LIMIT
    # what a call takes along is received again if that call is killed, without having failed
    assert host["extensions"]["queues"]["maxDequeueCount"] == 2 * MOST_TRIES


def test_every_command_stands_in_the_readme():
    text = (ROOT / "README.md").read_text()

    for name in cli.commands:
        assert f"| `atalaia {name} " in text, name


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_stands_in_the_help(name):
    command = cli.commands[name]
    with click.Context(command) as context:
        text = command.get_help(context)

    for parameter in command.params:
        assert parameter.opts[0].lstrip("-") in text.lower()


def test_the_table_of_metrics_is_the_one_that_judges():
    text = (ROOT / "docs/metrics.md").read_text()
    table = text.partition("a test compares -->\n")[2].partition("<!-- end")[0].strip()

    assert table == expected_table().strip()


def expected_table():
    rows = [
        "| metric | signal | what the value is | warning above | alert above | fewest rows |",
        "|---|---|---|---|---|---|",
    ]
    for name, metric in METRICS.items():
        limits = [limit_in_words(metric, limit) for limit in (metric.limits.warning, metric.limits.alert)]
        if metric.floor is not None:
            by_chance = f"chance, {metric.floor:g} at least"
            limits = ["" if name == "drift_over_time" else by_chance, by_chance]
        rows.append(
            f"| `{name}` | {metric.family} | {metric.meaning} | {' | '.join(limits)} | {metric.min_rows or ''} |"
        )
    return "\n".join(rows)


def limit_in_words(metric, limit):
    if limit is None:
        return ""
    how = f"{1 + limit:g} times baseline" if metric.scaled else f"{limit:g}"
    relative = f"baseline {'-' if metric.below else '+'} " if metric.relative and not metric.scaled else ""
    return f"{'below ' if metric.below else ''}{relative}{how}"


def test_the_table_of_what_each_tool_says_is_the_one_that_its_command_makes(tmp_path):
    script, page = ROOT / "examples/car_loans/conventions.py", tmp_path / "page.md"
    page.write_text((ROOT / "docs/conventions.md").read_text())
    arguments = [sys.executable, script, tmp_path / "loans", "--write", page]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 10
    assert done.stdout in page.read_text()
    assert page.read_text() == (ROOT / "docs/conventions.md").read_text()


def test_the_examples_of_the_page_on_conventions_load():
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/conventions.md").read_text(), re.DOTALL)

    assert examples
    assert [find_faults(example, "example", METRICS) for example in examples] == [[]] * len(examples)


def test_every_convention_and_its_metrics_stand_in_their_page():
    text = (ROOT / "docs/conventions.md").read_text()

    for convention, metrics in BY_CONVENTION.items():
        assert f"| `{convention}`" in text
        for metric in metrics:
            assert re.search(rf"^\| `{metric}` \|", text, re.MULTILINE), metric


def test_what_ingest_prints_for_machines_is_documented():
    text = (ROOT / "docs/command-line.md").read_text()
    keys = re.findall(r'"(\w+)"', text.partition("`ingest`: a list of `{")[2].partition("}`")[0])

    assert keys == [*Receipt.__struct_fields__, "new"]


def test_what_evidence_holds_is_documented():
    text = (ROOT / "docs/command-line.md").read_text().partition("## What a finding of drift rests on")[2]
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)

    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(Evidence.__struct_fields__)


def test_links_between_documents_lead_somewhere():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_public_names_are_these():
    assert atalaia.__all__ == [
        "AtalaiaError", "Baseline", "Column", "Finding", "Monitor", "Profile", "Report", "Window", "build_baseline",
        "load_monitor",
    ]  # fmt: skip

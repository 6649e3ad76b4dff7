"""`atalaia query`, as a user runs it."""

import json
import os
import uuid
from pathlib import Path

import pytest
from envelopes import event
from terminal import atalaia, strict_json

QUERIES = Path(__file__).resolve().parents[3] / "infra/queries"


@pytest.fixture
def state(azure, tmp_path):
    """The folder of an emulator that runs with Azure."""
    run = {"azure": {"secure": azure.secure, "certificate": azure.certificate, "workspace": azure.workspace}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    return tmp_path


@pytest.fixture
def name(azure):
    """The name of two events."""
    made = f"n{uuid.uuid4().hex}"
    assert azure.track(event(made, {"psi": 0.31}), event(made, {"psi": 1.5, "why": "[red]"})).status_code == 200
    return made


def counted(name):
    return f"customEvents | where name == '{name}' | summarize events=count(), psi=max(todouble(customDimensions.psi))"


def test_an_answer_is_a_table(state, name):
    done = atalaia("query", counted(name), "--state", state)

    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines() if line.strip("─ ")]
    assert lines == [["events", "psi"], ["2", "1.5"], ["1", "row"]]


def test_an_answer_for_machines_has_types(state, name):
    query = f"{counted(name)}, d=make_set(tostring(customDimensions.why)) | extend n=real(nan), t=datetime(2026-03-01)"

    done = atalaia("query", query, "--state", state, "--json")

    told = strict_json(done.stdout)
    kinds = {"events": "long", "psi": "real", "d": "dynamic", "n": "real", "t": "datetime"}
    assert {column["name"]: column["type"] for column in told["columns"]} == kinds
    [[events, psi, words, number, time]] = told["rows"]
    assert (events, psi, sorted(words), number, time) == (2, 1.5, ["", "[red]"], None, "2026-03-01T00:00:00Z")


def test_what_telemetry_holds_is_shown_as_it_is(state, name):
    query = f"customEvents | where name == '{name}' | project why=tostring(customDimensions.why) | order by why"

    assert "[red]" in atalaia("query", query, "--state", state).stdout


def test_a_file_is_asked(state):
    done = atalaia("query", QUERIES / "health.kql", "--state", state)

    assert done.returncode == 0, done.stderr


def test_standard_input_is_asked(state, name):
    done = atalaia("query", "-", "--state", state, "--json", input=counted(name))

    assert strict_json(done.stdout)["rows"] == [[2, 1.5]]


def test_only_the_last_while_is_looked_at(azure, state):
    from envelopes import ago

    name = f"n{uuid.uuid4().hex}"
    azure.track(event(name, {}), event(name, {}, ago(hours=3)))

    query = f"customEvents | where name == '{name}' | count"
    answers = [atalaia("query", query, "--state", state, "--json", *more) for more in ((), ("--last", "1h"))]

    assert [strict_json(answer.stdout)["rows"] for answer in answers] == [[[2]], [[1]]]


def test_long_answers_are_cut_for_people_and_not_for_machines(state):
    people = atalaia("query", "range n from 1 to 500 step 1", "--state", state)
    machines = atalaia("query", "range n from 1 to 500 step 1", "--state", state, "--json")

    assert "500 rows, of which 200 are shown" in people.stdout
    assert len(strict_json(machines.stdout)["rows"]) == 500


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["customEvents | where nosuch == 1"], "refused: Failed to resolve scalar expression named 'nosuch'"),
        (["customEvents | wherex"], "refused: Query could not be parsed at '|' on line [1,13]"),
        (["customEvents | make-series n=count() on timestamp step 1h"], "MakeSeriesOperator"),
        (["nosuch.kql"], "nosuch.kql"),
        ([" "], "the query is empty"),
        (["print 1", "--last", "1y"], "--last 1y: no duration"),
        (["print 1", "--workspace", "x"], "are three places to ask"),
    ],
)
def test_what_goes_wrong_is_one_line(state, arguments, said):
    done = atalaia("query", *arguments, "--state", state)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (None, "no emulator runs there"),
        ({}, "runs without Azure"),
        ({"secure": "https://127.0.0.1:9", "certificate": "/nowhere", "workspace": "w"}, "The emulator has ended"),
        ({"secure": "https://127.0.0.1:9", "workspace": "w"}, "does not answer"),
    ],
)
def test_an_emulator_that_is_not_there_is_told(azure, tmp_path, run, said):
    if run is not None:
        inner = {"azure": {"certificate": azure.certificate} | run} if run else {}
        (tmp_path / "run.json").write_text(json.dumps(inner))

    done = atalaia("query", "print 1", "--state", tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def settings(azure):
    """What makes Microsoft's client ask the emulator as if it were Azure."""
    variables = {
        "ATALAIA_LOGS_ENDPOINT": azure.secure,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": azure.variables["IDENTITY_ENDPOINT"],
        "IDENTITY_HEADER": azure.variables["IDENTITY_HEADER"],
        "REQUESTS_CA_BUNDLE": azure.certificate,
        "NO_PROXY": "127.0.0.1",
    }
    return {"env": dict(os.environ) | variables}  # noqa: TID251 (what the test itself runs in)


@pytest.mark.parametrize("place", ["workspace", "resource"])
def test_a_real_one_is_asked_with_microsofts_client(azure, name, place):
    done = atalaia(
        "query", counted(name), f"--{place}", getattr(azure, place), "--json", "--last", "1h", **settings(azure)
    )

    assert done.returncode == 0, done.stderr
    assert strict_json(done.stdout)["rows"] == [[2, 1.5]]


def test_a_real_ones_refusal_is_one_line(azure):
    done = atalaia("query", "customEvents | where nosuch == 1", "--workspace", azure.workspace, **settings(azure))

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Failed to resolve scalar expression named 'nosuch'" in done.stderr


def test_without_microsofts_client_it_is_said_how_to_get_it(tmp_path):
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure/__init__.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])  # noqa: TID251 (what the test runs in)
    environment = dict(os.environ) | {"PYTHONPATH": path}  # noqa: TID251

    done = atalaia("query", "print 1", "--workspace", "w", env=environment)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'atalaia[query]'" in done.stderr

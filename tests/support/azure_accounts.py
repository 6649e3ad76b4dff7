"""An account on the emulated Azure: a container of logs in two formats, the function app, what ties them, and KQL."""

import json
import sysconfig
from contextlib import contextmanager
from datetime import timedelta

from accounts import captured, lines, rows
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient
from azure_emulators import azure_emulator
from emulators import ROOT

from atalaia.monitoring.layout import revision_of

WORKSPACE = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
COLUMNS = "columns: [{name: amount}, {name: city, type: string}, {name: risk, role: score}]"
CREDIT = f"""
name: credit
model: {{name: credit}}
logs: {{source: 'az://watched/capture', format: sagemaker}}
baseline: {{data: ['az://watched/reference/rows.jsonl']}}
output: az://kept/out
{COLUMNS}
policies:
  - name: retrain
    when: drifted > 0.4
    within: 520w
    azureml_job:
      workspace: {WORKSPACE}
      properties:
        jobType: Command
        command: python train.py
        environmentId: {WORKSPACE}/environments/train/versions/1
        computeId: {WORKSPACE}/computes/cpu
    parameters: {{since: '{{window}}'}}
"""
COLLECTED = f"""
name: collected
model: {{name: collected}}
logs: {{source: 'az://watched/modelDataCollector', format: azureml}}
baseline: {{data: ['az://watched/reference/rows.jsonl']}}
output: az://kept/out
{COLUMNS}
"""
SETTINGS = json.loads((ROOT / "infra/settings/azure.json").read_text())  # which Terraform and Bicep read, too
QUEUE, KEPT = SETTINGS["environment"]["ATALAIA_QUEUE"], "dead-letters"
MONITORS = {"credit": CREDIT, "collected": COLLECTED}
LOG = "modelDataCollector/endpoint/blue/model_inputs_outputs/2026/03/01/12/instance.jsonl"
(CREATED,) = SETTINGS["arrivals"]["event_types"]


def event_of(number, row):
    """A line of Azure ML's collector."""
    about = {"specversion": "1.0", "id": f"id-{number}", "source": f"{WORKSPACE}/onlineEndpoints/endpoint"}
    time = {"type": "azureml.inference.model_inputs_outputs", "time": "2026-03-01T12:00:00Z"}
    return {**about, **time, "datacontenttype": "application/json", "data": [row]}


def patiently(work):
    """Do *work*, again as long as the storage refuses it, which it may be made to: then nothing was done."""
    for _ in range(50):
        try:
            return work()
        except HttpResponseError as error:
            if error.status_code not in (429, 503):
                raise
    return work()


def settings_as_deployed(way, more):
    """The app's settings as Terraform gives them, but that one of the ways of logs has a container for a queue."""
    tested = SETTINGS["environment"] | {"ATALAIA_MONITORS": "az://watched/monitors"}
    if way == "blob":
        del tested["ATALAIA_QUEUE"]
        tested["ATALAIA_CONTAINER"] = "watched"
    return tested | (more or {})


def told_as_deployed(name):
    """What a subscription to events is given, by what of them the settings say."""
    shape = SETTINGS[name]
    return {"event_types": shape["event_types"], "attempts": shape["most_tries"], "minutes": shape["minutes"]}


class AzureAccount:
    """The emulator with the functions and what ties them.

    Args:
        way: By which blobs become calls: `queue` or `blob`.
        settings: More of the app's.
        code: A folder with the functions, and where they find more packages; by default the tree.
        monitors: The texts of monitor files, by name.
    """

    uri = "az://kept/"

    def __init__(self, azure, way="queue", settings=None, code=None, monitors=MONITORS, **app):
        self.azure = azure
        blobs = BlobServiceClient.from_connection_string(azure.connection_string, retry_total=0)
        self.watched, self.kept = blobs.create_container("watched"), blobs.create_container("kept")
        blobs.create_container(KEPT)
        for name in (QUEUE, "recorded"):
            self.queue(name).create_queue()
        for name, text in monitors.items():
            self.put(f"monitors/{name}.yaml", text.encode())
        self.put("reference/rows.jsonl", lines(rows(2000, 0, "ab")))
        tree = ROOT / "functions/azure", [ROOT, ROOT / "adapters", sysconfig.get_path("platlib")]
        folder, packages = code or tree
        given, memory = settings_as_deployed(way, settings), SETTINGS["size"]["memory_mb"]
        self.app = azure.deploy("atalaia", folder, settings=given, packages=packages, memory_mb=memory, **app)
        end = {"queue": QUEUE} if way == "queue" else {"app": "atalaia", "function": "ingest_blob"}
        capture = "/blobServices/default/containers/watched/blobs/capture/"
        arrivals = told_as_deployed("arrivals")
        azure.subscribe("arrivals", "storage", end, subject_begins=capture, dead_letter=KEPT, **arrivals)
        lifecycle = {"app": "atalaia", "function": SETTINGS["jobs"]["function"]}
        azure.subscribe("jobs", "machine-learning", lifecycle, **told_as_deployed("jobs"))

    def put(self, key, data):
        patiently(lambda: self.watched.upload_blob(key, data, overwrite=True))

    def append(self, key, data):
        """Append to a blob that is made if absent."""
        blob = self.watched.get_blob_client(key)
        if not patiently(blob.exists):
            patiently(blob.create_append_blob)
        patiently(lambda: blob.append_block(data))

    def keys(self, prefix, ending=""):
        names = patiently(lambda: list(self.kept.list_blob_names(name_starts_with=prefix)))
        return [name for name in names if name.endswith(ending)]

    def stored(self, key):
        return patiently(lambda: self.kept.download_blob(key).readall())

    def report_key(self, monitor):
        """Where the only window's newest report lies."""
        return max(self.keys(f"out/{monitor}/reports/20260301T000000Z/", ".json"), key=revision_of, default=None)

    def report(self, monitor="credit"):
        key = self.report_key(monitor)
        return None if key is None else json.loads(self.stored(key))

    def actions(self):
        return [json.loads(self.stored(key)) for key in self.keys("out/credit/actions/")]

    def waiting(self, queue=QUEUE):
        """How many messages of a queue are not done."""
        return patiently(self.queue(queue).get_queue_properties).approximate_message_count

    def queue(self, name):
        return QueueClient.from_connection_string(self.azure.connection_string, name, retry_total=0)

    def jobs(self):
        """Azure ML's jobs, as ARM lists them."""
        import requests

        token = self.credential().get_token("https://management.azure.com/.default").token
        url = f"{self.azure.run['secure']}{WORKSPACE}/jobs?api-version=2025-01-01-preview"
        answer = requests.get(
            url, headers={"Authorization": f"Bearer {token}"}, verify=self.azure.run["certificate"], timeout=20
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def credential(self):
        """A principal's, as the emulator takes any."""
        from azure.identity import ClientSecretCredential

        place = {"authority": self.azure.run["secure"], "disable_instance_discovery": True}
        trust = {"connection_verify": self.azure.run["certificate"]}
        return ClientSecretCredential("00000000-0000-0000-0000-000000000000", "me", "nobody-asks", **place, **trust)

    def lines(self):
        """What the functions logged last."""
        return self.app.log()[-5000:]

    def told(self, event):
        """What the functions logged of one kind."""
        found = [line[line.index("{") :] for line in self.app.log().splitlines() if f'"event":"{event}"' in line]
        return [json.loads(line) for line in found]

    @contextmanager
    def logs(self):
        """Microsoft's own client of Log Analytics; yields what asks a question and returns rows."""
        from azure.monitor.query import LogsQueryClient

        place = {"endpoint": f"{self.azure.run['secure']}/v1", "connection_verify": self.azure.run["certificate"]}
        with LogsQueryClient(self.credential(), **place) as client:

            def ask(query):
                found = client.query_workspace(self.azure.run["workspace"], query, timespan=timedelta(days=1))
                [table] = found.tables
                return [dict(zip(table.columns, row, strict=True)) for row in table.rows]

            yield ask


@contextmanager
def azure_account(folder, *arguments, **options):
    with azure_emulator(folder, "--scale", "60", *arguments) as azure:
        yield AzureAccount(azure, **options)


def captures(first, some):
    return lines(captured(first + number, row) for number, row in enumerate(some))


def events(first, some):
    return lines(event_of(first + number, row) for number, row in enumerate(some))

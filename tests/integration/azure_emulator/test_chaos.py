"""Work that goes on while instances are killed, storage refuses and events come twice."""

import json
import time

from azure_emulators import write_app
from emulators import until

SOURCE = """
import json, time
import azure.functions as func

app = func.FunctionApp()

@app.blob_trigger(arg_name="blob", path="%LOGS%/{name}", connection="AzureWebJobsStorage", source="EventGrid")
@app.blob_output(arg_name="out", path="%DONE%/{name}", connection="AzureWebJobsStorage")
def copying(blob: func.InputStream, out: func.Out[bytes]) -> None:
    time.sleep(0.05)
    out.set(blob.read())
"""


def test_every_blob_is_done_whatever_happens(calm_azure, tmp_path):
    azure = calm_azure
    logs, done = azure.container(), azure.container()
    settings = {"LOGS": logs.container_name, "DONE": done.container_name}
    host_file = {"extensions": {"blobs": {"poisonBlobThreshold": 50}}}
    app = azure.deploy("copying", write_app(tmp_path, SOURCE, **host_file), settings=settings, instances=2)
    subject = f"/blobServices/default/containers/{logs.container_name}/"
    azure.subscribe("copying", "storage", {"app": "copying", "function": "copying"}, subject_begins=subject)
    names = [f"{number}.json" for number in range(40)]
    for name in names:
        logs.upload_blob(name, json.dumps(name).encode())

    azure.chaos(
        kill_share=0.2, kill_after_ms=[0, 80], kill_host_share=0.5, event_duplicates=0.3, event_delay_seconds=1,
        storage_unavailable=0.1, storage_throttled=0.1, seed=11,
    )  # fmt: skip
    for name in names:
        until(lambda name=name: _put(logs, name))
    time.sleep(3)
    azure.chaos(kill_share=0, event_duplicates=0, event_delay_seconds=0, storage_unavailable=0, storage_throttled=0)

    assert until(lambda: {blob.name for blob in done.list_blobs()} == set(names), 60), app.log()[-3000:]
    counts = app.now()["counts"]
    azure.unsubscribe("copying")
    app.remove()
    assert counts["lost"] > 0
    assert counts["queues"]["azure-webjobs-blobtrigger-copying"]["poisoned"] == 0


def _put(container, name):
    from azure.core.exceptions import HttpResponseError

    try:
        container.upload_blob(name, json.dumps(name).encode(), overwrite=True)
    except HttpResponseError:
        return False
    return True


def test_a_killed_worker_alone_is_noticed_at_once(calm_azure, tmp_path):
    azure = calm_azure
    logs, done = azure.container(), azure.container()
    settings = {"LOGS": logs.container_name, "DONE": done.container_name}
    app = azure.deploy("noticing", write_app(tmp_path, SOURCE), settings=settings)
    subject = f"/blobServices/default/containers/{logs.container_name}/"
    azure.subscribe("noticing", "storage", {"app": "noticing", "function": "copying"}, subject_begins=subject)
    azure.chaos(kill_share=1, kill_host_share=0)
    logs.upload_blob("a", b"1")

    noticed = until(lambda: app.now()["counts"]["failed"] >= 2)
    azure.chaos(kill_share=0)

    assert noticed
    assert until(lambda: [blob.name for blob in done.list_blobs()] == ["a"])
    assert app.now()["counts"]["lost"] == 0
    azure.unsubscribe("noticing")
    app.remove()

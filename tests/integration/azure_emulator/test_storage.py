"""Blob and queue storage through the emulator's fronts: what clients see, and which events come of it."""

import json

import obstore
import pytest
from azure_emulators import Azure
from emulators import fetch, until
from obstore.store import AzureStore

MEGABYTE = 1 << 20


@pytest.fixture
def watched(azure):
    """A container whose events are written into a queue: its client, and the events so far."""
    container = azure.container()
    name = container.container_name
    subject = f"/blobServices/default/containers/{name}/"
    azure.subscribe(f"watch-{name}", "storage", {"queue": f"q-{name[:20]}"}, subject_begins=subject)
    yield Watched(azure, container, f"q-{name[:20]}")
    azure.unsubscribe(f"watch-{name}")


class Watched:
    def __init__(self, azure, container, queue):
        self.azure, self.container, self.queue = azure, container, queue

    def events(self, count):
        """The first events, in the order in which they happened; a moment longer, so that one too many is seen."""
        self.azure.bodies(self.queue, count)
        self.container.upload_blob("the-last-one", b"")
        until(lambda: any("the-last-one" in each for each in self.azure.bodies(self.queue, 0)))
        found = [json.loads(each) for each in self.azure.bodies(self.queue, count + 1)]
        found.sort(key=lambda event: event["data"]["sequencer"])
        return [event for event in found if not event["subject"].endswith("the-last-one")]


def store(azure: Azure, container):
    keys = azure.run["variables"]
    return AzureStore(
        container,
        account_name=keys["AZURE_STORAGE_ACCOUNT_NAME"],
        account_key=keys["AZURE_STORAGE_ACCOUNT_KEY"],
        endpoint=keys["AZURE_STORAGE_ENDPOINT"],
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def test_blobs_of_any_size_and_name_come_back_as_they_went(azure):
    container = azure.container()
    content = {"small": b"1", "empty": b"", "ünï çode/a b+c%20=&?#.txt": b"name", "large": bytes(range(256)) * 40_000}

    for name, body in content.items():
        container.upload_blob(name, body)

    assert {name: container.download_blob(name).readall() for name in content} == content
    assert sorted(blob.name for blob in container.list_blobs()) == sorted(content)


def test_a_large_blob_goes_up_in_blocks_and_down_in_ranges(azure):
    container = azure.container()
    body = bytes(range(256)) * 4096 * 20

    container.upload_blob("large", body, max_concurrency=4)
    client = container.get_blob_client("large")

    assert client.download_blob(max_concurrency=4).readall() == body
    assert client.download_blob(offset=5 * MEGABYTE, length=7).readall() == body[5 * MEGABYTE :][:7]


def test_obstore_has_conditional_writes_ranges_and_lists(azure):
    place = store(azure, azure.container().container_name)
    first = obstore.put(place, "a/b c.txt", b"1", mode="create")

    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(place, "a/b c.txt", b"2", mode="create")
    with pytest.raises(obstore.exceptions.PreconditionError):
        obstore.put(place, "a/b c.txt", b"2", mode={"e_tag": '"0x1"'})
    obstore.put(place, "a/b c.txt", b"0123456789", mode={"e_tag": first["e_tag"]})

    assert bytes(obstore.get_range(place, "a/b c.txt", start=2, end=4)) == b"23"
    assert [each["path"] for page in obstore.list(place, "a") for each in page] == ["a/b c.txt"]
    assert obstore.head(place, "a/b c.txt")["size"] == 10


def test_obstore_streams_a_large_blob_up_and_down(azure):
    place = store(azure, azure.container().container_name)
    body = bytes(range(256)) * 4096 * 24

    obstore.put(place, "large", body, use_multipart=True, chunk_size=5 * MEGABYTE)

    assert b"".join(bytes(piece) for piece in obstore.get(place, "large").stream()) == body


def test_queues_hide_renew_and_delete_messages(azure):
    queue = azure.queue("plain")
    queue.create_queue()
    queue.send_message("text")

    [message] = queue.receive_messages(visibility_timeout=30)
    assert list(queue.receive_messages()) == []
    renewed = queue.update_message(message, visibility_timeout=0)
    [again] = queue.receive_messages()

    assert (again.content, again.dequeue_count) == ("text", 2)
    assert renewed.pop_receipt != message.pop_receipt
    queue.delete_message(again)
    assert queue.peek_messages() == []


def test_a_put_a_list_of_blocks_a_copy_and_a_deletion_are_told(azure, watched):
    container = watched.container
    container.upload_blob("put", b"12345", content_settings=None)
    container.get_blob_client("blocks").stage_block("MDE=", b"123")
    container.get_blob_client("blocks").stage_block("MDI=", b"4567")
    container.get_blob_client("blocks").commit_block_list(["MDE=", "MDI="])
    container.get_blob_client("copy").start_copy_from_url(container.get_blob_client("blocks").url)
    container.delete_blob("put")

    events = watched.events(4)

    told = [(event["data"]["api"], event["subject"].rpartition("/")[2]) for event in events]
    assert told == [("PutBlob", "put"), ("PutBlockList", "blocks"), ("CopyBlob", "copy"), ("DeleteBlob", "put")]
    assert [event["data"].get("contentLength") for event in events] == [5, 7, 7, None]
    assert [event["eventType"].rpartition(".")[2] for event in events] == ["BlobCreated"] * 3 + ["BlobDeleted"]


def test_an_append_blob_is_told_when_it_is_made_and_never_again(azure, watched):
    blob = watched.container.get_blob_client("log.jsonl")
    blob.create_append_blob()
    for number in range(3):
        blob.append_block(f"{number}\n".encode())
    blob.set_blob_metadata({"a": "b"})
    blob.set_blob_tags({"c": "d"})

    events = watched.events(1)

    told = [(event["data"]["api"], event["data"]["blobType"], event["data"]["contentLength"]) for event in events]
    assert told == [("PutBlob", "AppendBlob", 0)]
    assert blob.download_blob().readall() == b"0\n1\n2\n"


def test_an_event_says_which_blob_and_which_state_of_it(azure, watched):
    made = watched.container.upload_blob("deep/näme 1.json", b"{}")

    [event] = watched.events(1)

    data = event["data"]
    container = watched.container.container_name
    assert event["subject"] == f"/blobServices/default/containers/{container}/blobs/deep/näme 1.json"
    assert event["topic"].endswith("/storageAccounts/devstoreaccount1")
    assert data["url"] == f"{azure.run['variables']['AZURE_STORAGE_ENDPOINT']}/{container}/deep/näme 1.json"
    assert f'"{data["eTag"]}"' == made.get_blob_properties().etag
    assert data["requestId"]


def test_a_failed_write_is_not_told(azure, watched):
    from azure.core.exceptions import ResourceExistsError

    watched.container.upload_blob("once", b"1")
    with pytest.raises(ResourceExistsError):
        watched.container.upload_blob("once", b"2")

    assert len(watched.events(1)) == 1


def test_a_deletion_in_a_batch_is_told_blob_by_blob(azure, watched):
    for name in ("a", "b c"):
        watched.container.upload_blob(name, b"1")
    watched.container.delete_blobs("a", "b c")

    events = watched.events(4)

    gone = sorted(event["subject"].rpartition("/")[2] for event in events if event["data"]["api"] == "DeleteBlob")
    assert gone == ["a", "b c"]


@pytest.mark.parametrize(("knob", "status"), [("storage_unavailable", 503), ("storage_throttled", 429)])
def test_storage_refuses_a_share_of_requests(calm_azure, knob, status):
    from azure.core.exceptions import HttpResponseError

    container, queue = calm_azure.container(), calm_azure.queue("refused")
    calm_azure.chaos(seed=1, **{knob: 0.5})
    met = set()

    for number in range(20):
        for call in (lambda n=number: container.upload_blob(f"{n}", b"1"), queue.get_queue_properties):
            try:
                call()
            except HttpResponseError as error:
                met.add(error.status_code)

    assert met <= {status, 404}
    assert status in met
    assert calm_azure.admin("GET", "/chaos")["struck"][knob] > 5


def test_a_foreign_key_and_an_unsigned_request_are_refused(azure):
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobServiceClient

    guessed = BlobServiceClient(azure.run["blob"], {"account_name": "devstoreaccount1", "account_key": "Z3Vlc3NlZA=="})

    with pytest.raises(HttpResponseError) as refused:
        guessed.create_container("never")
    assert refused.value.status_code == 403
    assert fetch(azure.run["blob"] + "/never?restype=container&comp=list")[0] in (403, 404)

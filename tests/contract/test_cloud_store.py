"""What only a store behind a network can get wrong: lost answers, busy servers, missing rights, other people's keys."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import servers
from faulty import faulty
from managed_identity import managed_identity

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoreError
from atalaia_azure.blobs import open_container
from atalaia_obstore import Patience, open_store

PASSING = ["busy", "slow down", "broken", "throttled", "cut"]
CALLS = {
    "head": lambda store: store.head("a").size,
    "get": lambda store: store.get("a")[0],
    "get_range": lambda store: store.get_range("a", 0, 2),
    "put": lambda store: store.put("a", b"x") == store.head("a").etag,
    "put_if_absent": lambda store: store.put("new", b"x", if_absent=True) == store.head("new").etag,
    "delete": lambda store: store.delete("a"),
    "list": lambda store: [info.key for info in store.list("")],
}


class Clock:
    """Seconds that pass only while someone sleeps."""

    def __init__(self, left=900.0):
        self.left = left
        self.slept = []

    def time_left(self):
        return self.left

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.left -= seconds

    def patience(self, **changes):
        return Patience(**{"time_left": self.time_left, "sleep": self.sleep, "chance": lambda: 1.0, **changes})


@pytest.fixture(params=servers.STORES)
def server(request, server_named):
    return server_named(request.param)


@pytest.fixture(params=servers.CLOUDS)
def s3(request, server_named):
    return server_named(request.param)


@pytest.fixture
def raw(s3):
    return s3.client("s3")


@pytest.fixture
def odd_bucket(s3, request):
    name = f"test-{abs(hash(request.node.name)):x}"
    s3.make_bucket(name)
    return name


@pytest.fixture
def odd(s3, odd_bucket):
    return open_store(f"s3://{odd_bucket}", endpoint=s3.address, **s3.obstore)


@pytest.fixture
def bucket(server, request):
    name = f"test-{abs(hash(request.node.name)):x}"
    server.make_bucket(name)
    return name


@pytest.fixture
def proxy(server):
    with faulty(server.address) as running:
        yield running


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def direct(server, bucket):
    return open_store(f"{server.scheme}://{bucket}", endpoint=server.endpoint(), **server.obstore)


@pytest.fixture
def store(server, proxy, bucket, clock):
    place = f"{server.scheme}://{bucket}"
    return open_store(place, clock.patience(), endpoint=server.endpoint(proxy.address), **server.obstore)


def keys(store, prefix=""):
    return [info.key for info in store.list(prefix)]


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("call", CALLS)
def test_a_passing_fault_is_not_noticed(store, direct, proxy, call, fault):
    direct.put("a", b"abc")
    expected = CALLS[call](direct)
    for key in ("a", "new"):
        direct.delete(key)
    direct.put("a", b"abc")
    proxy.plan = [fault, fault]

    assert CALLS[call](store) == expected


def test_an_upload_that_was_too_slow_is_sent_again(store, direct, proxy):
    proxy.plan = ["idle"]

    store.put("a", b"x")

    assert direct.get("a")[0] == b"x"


@pytest.mark.parametrize("call", ["get", "get_range", "list"])
def test_a_body_that_breaks_off_is_read_again(store, direct, proxy, call):
    direct.put("a", b"abc")
    proxy.plan = ["short"]

    assert CALLS[call](store) == CALLS[call](direct)


def test_pauses_grow_and_have_a_limit(store, proxy, clock):
    proxy.then = "slow down"

    with pytest.raises(StoreError, match="too busy"):
        store.get("a")

    assert clock.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_no_pause_outlives_the_invocation(store, proxy, clock):
    clock.left = 2.0
    proxy.then = "slow down"

    with pytest.raises(StoreError, match="too busy"):
        store.get("a")

    assert clock.left >= 0.5


def test_a_server_that_hangs_costs_no_more_than_the_time_left(store, proxy, clock):
    clock.left = 0.6
    proxy.then = "hang"

    with pytest.raises(StoreError, match="no answer came in time"):
        store.get("a")

    assert proxy.seen == [("GET", "hang")]


def test_without_time_nothing_is_asked(store, proxy, clock):
    clock.left = 0.1

    with pytest.raises(StoreError, match="no time is left"):
        store.get("a")

    assert proxy.seen == []


def test_a_write_whose_answer_was_lost_is_no_conflict(store, direct, proxy):
    proxy.plan = ["lost"]

    etag = store.put("a", b"mine", if_absent=True)

    assert [method for method, _ in proxy.seen] == ["PUT", "PUT", "HEAD"]
    assert direct.head("a").etag == etag


def test_a_replacement_whose_answer_was_lost_is_no_conflict(store, direct, proxy):
    before = direct.put("a", b"old")
    proxy.plan = ["lost"]

    etag = store.put("a", b"new", if_match=before)

    assert direct.get("a")[1].etag == etag
    assert direct.get("a")[0] == b"new"


def test_the_same_content_of_another_writer_is_a_conflict(store, direct, proxy):
    direct.put("a", b"same", if_absent=True)
    proxy.plan = ["cut"]

    with pytest.raises(PreconditionError, match="exists already"):
        store.put("a", b"same", if_absent=True)


def test_a_conflict_on_the_first_attempt_is_not_looked_into(store, direct, proxy):
    direct.put("a", b"x")

    with pytest.raises(PreconditionError):
        store.put("a", b"x", if_absent=True)

    assert proxy.seen == [("PUT", "pass")]


def test_writers_that_collide_are_told_apart_by_asking_again(store, proxy):
    proxy.plan = ["conflict"]

    store.put("a", b"x", if_absent=True)

    assert [fault for _, fault in proxy.seen] == ["conflict", "pass"]


def test_a_write_that_was_lost_and_then_replaced_is_a_conflict(store, direct, proxy):
    class Meanwhile(Clock):
        def sleep(self, seconds):
            direct.put("a", b"other")

    proxy.plan = ["lost"]
    store._patience = Meanwhile().patience()

    with pytest.raises(PreconditionError):
        store.put("a", b"mine", if_absent=True)

    assert direct.get("a")[0] == b"other"


def test_a_write_that_never_got_an_answer_is_in_doubt(store, proxy):
    proxy.then = "lost"

    with pytest.raises(StoreError, match="not known whether the object was written"):
        store.put("a", b"x", if_absent=True)


REFUSED = {
    "denied": r"AccessDenied.*right to read, write and list",
    "expired": r"credentials were refused \(ExpiredToken\)",
    "elsewhere": r"another region\. Set AWS_REGION",
    "odd": r"refused \(Teapot\)",
}


@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.parametrize("call", ["get", "put", "list"])
def test_a_refusal_is_told_at_once_in_one_line(store, proxy, call, fault):
    proxy.then = fault

    with pytest.raises(StoreError, match=REFUSED[fault]) as caught:
        CALLS[call](store)

    assert len(proxy.seen) == 1
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(store.uri)


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_bucket_is_not_a_missing_object(server, call):
    store = open_store(f"{server.scheme}://never-made", endpoint=server.endpoint(), **server.obstore)

    with pytest.raises(StoreError, match=f"{server.scheme}://never-made: there is no such bucket") as caught:
        CALLS[call](store)

    assert not isinstance(caught.value, ObjectNotFoundError | PreconditionError)


def test_a_server_that_is_not_there_is_told(clock):
    nowhere = f"http://127.0.0.1:{servers.free_port()}"
    store = open_store("s3://bucket", clock.patience(tries=2), endpoint=nowhere, **servers.Server(nowhere).obstore)

    with pytest.raises(StoreError, match="s3://bucket/a: the connection failed"):
        store.get("a")


def test_missing_credentials_are_told(s3, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with faulty(s3.address) as proxy:
        proxy.then = "denied"  # it stands where a machine in the cloud would find its role
        store = open_store("s3://bucket", endpoint=s3.address, region=s3.region, metadata_endpoint=proxy.address)

        with pytest.raises(StoreError, match="s3://bucket: no credentials were found"):
            store.get("a")


@pytest.mark.parametrize(
    "uri", ["bucket/folder", "s3://", "s3:///folder", "ftp://bucket", "s3://bucket//x", "s3://b/.."]
)
def test_what_names_no_bucket_is_refused(uri):
    with pytest.raises(StoreError):
        open_store(uri)


def test_the_key_in_the_bucket_is_the_key_that_was_given(odd, raw, odd_bucket):
    key = "a b+c%20&=?#'\"\\~{}^`[]|<>*/é ü/%2F"
    odd.put(key, b"x")

    assert [item["Key"] for item in raw.list_objects_v2(Bucket=odd_bucket)["Contents"]] == [key]


def test_a_control_character_in_a_key_is_refused(direct):
    with pytest.raises(StoreError, match="Rename"):
        direct.put("a\tb", b"x")


def test_folders_that_a_console_made_are_no_objects(odd, raw, odd_bucket):
    for key in ("f/", "f/g/", "f/g-x", "f/g/real", "f/h"):
        raw.put_object(Bucket=odd_bucket, Key=key, Body=b"" if key.endswith("/") or key == "f/h" else b"x")

    assert keys(odd) == ["f/g-x", "f/g/real", "f/h"]
    assert keys(odd, "f/g") == ["f/g-x", "f/g/real"]


def test_an_object_whose_key_cannot_be_used_is_named(odd, raw, odd_bucket):
    raw.put_object(Bucket=odd_bucket, Key="f//x", Body=b"x")

    with pytest.raises(StoreError, match=r"f//x.*Rename"):
        keys(odd)


@pytest.fixture(scope="module")
def crowd():
    """Return a function that fills a bucket with more keys than a page of a listing holds, once for each server."""
    filled = {}

    def fill(server):
        if server not in filled:
            server.make_bucket("crowd")
            store = open_store(f"{server.scheme}://crowd", endpoint=server.endpoint(), **server.obstore)
            filled[server] = sorted(f"p/{number}" for number in range(1_100))
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda key: store.put(key, b"x"), [*filled[server], "q"]))
        return filled[server]

    return fill


@pytest.fixture
def crowded(server, proxy, clock):
    place = f"{server.scheme}://crowd"
    return open_store(place, clock.patience(), endpoint=server.endpoint(proxy.address), **server.obstore)


def test_thousands_of_keys_come_in_order(crowded, crowd, server):
    names = crowd(server)

    assert keys(crowded) == [*names, "q"]
    assert keys(crowded, "p/1") == [name for name in names if name.startswith("p/1")]


def test_a_listing_goes_on_where_it_was_interrupted(crowded, crowd, server, proxy):
    names = crowd(server)
    proxy.plan = ["slow down", "pass", "cut", "busy"]

    assert keys(crowded, "p/") == names
    assert proxy.plan == []


def test_a_listing_of_a_few_keys_does_not_walk_the_whole_folder(crowded, crowd, server, proxy):
    names = crowd(server)

    assert keys(crowded, "p/10") == [name for name in names if name.startswith("p/10")]
    assert len(proxy.seen) == 2


def test_an_etag_and_absence_cannot_both_be_asked_for(direct):
    with pytest.raises(ValueError, match="if_match or if_absent"):
        direct.put("a", b"x", if_match='"1"', if_absent=True)


def test_a_large_object_is_written_in_one_request(store, direct, proxy):
    content = bytes(range(256)) * 40_000

    etag = store.put("large", content)

    assert proxy.seen == [("PUT", "pass")]
    assert direct.get("large")[0] == content
    assert direct.head("large").etag == etag


def test_a_large_object_has_the_etag_of_its_content(odd):
    content = bytes(range(256)) * 40_000

    assert odd.put("large", content) == odd.put("again", content)


def test_in_azure_an_identity_opens_what_a_key_opens(server_named):
    """Azurite takes no tokens without TLS, so that here only the way to one is looked at."""
    azurite = server_named("azurite")
    with managed_identity("token") as settings, faulty(azurite.address) as proxy:
        proxy.then = "denied"
        named = {
            "AZURE_STORAGE_ACCOUNT_NAME": "devstoreaccount1",
            "AZURE_STORAGE_ENDPOINT": azurite.endpoint(proxy.address),
        }
        store = open_container("az://logs", Patience(), {**named, **settings})
        with pytest.raises(StoreError, match="access was denied"):
            store.get("a")

    path, _ = settings.asked[0]
    assert "resource=https%3A%2F%2Fstorage.azure.com" in path
    assert proxy.seen == [("GET", "denied")]

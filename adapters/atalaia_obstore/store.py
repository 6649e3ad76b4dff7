"""One object store over obstore for S3 and Azure Blob Storage.

A request that fails for a passing reason (the store is busy, the connection breaks, no answer comes) is sent again
while there is time. For a conditional write this leaves a question: the first request may have written, and its answer
was lost; the second one is then refused because of our own object. So each conditional write carries a mark of its own
in the object's metadata, and a refusal after a second attempt is a success if the object that is there has our mark.
It is never taken for one otherwise: two writers of the same content do not both win. The other way round, a write that
happened can still be reported as refused, if another writer has replaced the object in between; whoever reads again
sees what holds. If the time runs out first, the error says that it is not known whether the object was written.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoreError
from atalaia.keys import check_key, check_prefix, check_range
from atalaia.ports import ObjectInfo
from atalaia_obstore.clients import Clients
from atalaia_obstore.faults import Fault, fault_of
from atalaia_obstore.patience import Patience

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode
    from obstore.store import ObjectStore as Client

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = "atalaiawrite"  # Azure takes only what could be the name of a variable
_PAGE = 1000
_SCHEMES = ("s3", "az")


def open_store(uri: str, patience: Patience | None = None, **config: Any) -> CloudStore:
    """Open `s3://bucket/folder` or `az://container/folder`.

    Args:
        uri: Where; the folder may be absent.
        patience: How long to go on trying.
        config: What obstore needs to know beyond the environment, such as `endpoint` or `region`.

    Raises:
        StoreError: The URI names no bucket or container, or no folder in it.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, folder = rest.rstrip("/").partition("/")
    if scheme not in _SCHEMES or not bucket:
        msg = f"{uri}: this names no bucket or container. Write s3://bucket/folder or az://container/folder."
        raise StoreError(msg)
    if folder:
        check_key(folder)
    return CloudStore(Clients(f"{scheme}://{bucket}", config), uri, folder, patience or Patience())


class CloudStore:
    """An object store over one folder of a bucket or container.

    Args:
        clients: Reach the bucket or container.
        uri: What the store calls itself.
        folder: Where its keys begin; empty for the whole bucket.
        patience: How long to go on trying.
    """

    def __init__(self, clients: Clients, uri: str, folder: str = "", patience: Patience | None = None) -> None:
        self._clients = clients
        self._uri = uri.rstrip("/")
        self._root = f"{folder}/" if folder else ""
        self._patience = patience or Patience()
        self._reached = False

    @property
    def uri(self) -> str:
        """Where the store is, without a slash at its end."""
        return self._uri

    def head(self, key: str) -> ObjectInfo:
        """Describe the object under *key*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        self._check(key)
        try:
            return self._info(self._call(key, lambda client: client.head(self._root + key)))
        except ObjectNotFoundError:
            self._demand_bucket()
            raise

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole content with the description that belongs to it.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        self._check(key)

        def read(client: Client) -> tuple[bytes, ObjectInfo]:
            answer = client.get(self._root + key)
            return bytes(answer.bytes()), self._info(answer.meta)

        return self._call(key, read)

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* up to, not including, *end*; fewer where the object ends before.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        self._check(key)
        check_range(start, end)
        if end <= start:
            self.head(key)
            return b""
        try:
            return bytes(self._call(key, lambda client: client.get_range(self._root + key, start=start, end=end)))
        except _PastTheEndError:
            return b""

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Store *data* and return its new ETag.

        Raises:
            PreconditionError: The condition does not hold; nothing was written.
        """
        self._check(key)
        content = bytes(data)
        mode = _mode(if_match, if_absent)
        mark = {_MARK: uuid.uuid4().hex} if mode != "overwrite" else {}
        attempts = 0

        def write(client: Client) -> str:
            nonlocal attempts
            attempts += 1
            answer = client.put(self._root + key, content, attributes=mark, mode=mode, use_multipart=False)
            return _quoted(answer["e_tag"])

        try:
            return self._call(key, write, writing=True)
        except PreconditionError:
            etag = self._written_with(key, mark) if attempts > 1 else None
            if etag is None:
                raise
            return etag

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there does nothing."""
        self._check(key)
        try:
            self._call(key, lambda client: client.delete(self._root + key))
        except ObjectNotFoundError:  # Azure says so, S3 does not
            return

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe every object whose key begins with *prefix*, in the order of their keys."""
        check_prefix(prefix)
        whole = self._root + prefix
        last = ""
        for meta in self._pages(whole):
            path = meta["path"]
            if path > last and path.startswith(whole) and not self._is_folder_mark(meta):
                last = path
                yield self._info(meta)

    def _check(self, key: str) -> None:
        check_key(key)
        if "\\" in key and self._uri.startswith("az:"):
            msg = f"{self._uri}/{key}: Azure makes a slash of a backslash. Rename the object."
            raise StoreError(msg)

    def _pages(self, whole: str) -> Iterator[ObjectMeta]:
        """Yield what lies in the folder of *whole*, from the first key that begins with it to the last."""
        folder, _, name = whole.rpartition("/")
        offset = whole if name not in ("", ".", "..") else None
        if offset is not None:
            yield from self._exactly(whole)
        while True:
            page = self._call("", partial(_page, folder=folder, after=offset))
            yield from page
            if len(page) < _PAGE or page[-1]["path"][: len(whole)] > whole:
                return
            offset = max(meta["path"] for meta in page)  # the last one may be a folder's mark, cut short

    def _exactly(self, path: str) -> Iterator[ObjectMeta]:
        """Yield the object whose key is the prefix itself: a listing begins after it."""
        try:
            yield self._call("", lambda client: client.head(path))
        except ObjectNotFoundError:
            return

    def _is_folder_mark(self, meta: ObjectMeta) -> bool:
        """Tell whether it is `folder/`, an empty object that consoles make: obstore drops the slash at its end."""
        if meta["size"]:
            return False
        try:
            self._call("", lambda client: client.head(meta["path"]))
        except ObjectNotFoundError:
            return True
        return False

    def _written_with(self, key: str, mark: dict[str, str]) -> str | None:
        """Return the ETag of the object under *key* if it has our mark."""

        def look(client: Client) -> tuple[str | None, str | None]:
            answer = client.get(self._root + key, options={"head": True})
            return answer.attributes.get(_MARK), answer.meta["e_tag"]

        try:
            found, etag = self._call(key, look)
        except ObjectNotFoundError:
            return None
        return _quoted(etag) if found == mark[_MARK] else None

    def _demand_bucket(self) -> None:
        """Tell a missing bucket from a missing object, once: the answer to HEAD has no body that would say it."""
        if not self._reached:
            self._call("", lambda client: _page(client, self._root.rstrip("/"), None, most=1))

    def _call(self, key: str, work: Callable[[Client], _T], *, writing: bool = False) -> _T:
        """Do *work* with a client, again if it fails for a passing reason and there is time."""
        fault = None
        for left in self._patience.attempts():
            try:
                result = work(self._clients.within(left))
            except Exception as error:
                fault = fault_of(error)
                if fault is None:
                    raise
                if not fault.passing:
                    raise self._refusal(fault, key) from error
            else:
                self._reached = True
                return result
        raise self._given_up(fault, key, writing)

    def _refusal(self, fault: Fault, key: str) -> StoreError:
        if fault.past_the_end:
            return _PastTheEndError(key)
        return fault.error(self._uri, key)

    def _given_up(self, fault: Fault | None, key: str, writing: bool) -> StoreError:
        if fault is None:
            name = f"{self._uri}/{key}" if key else self._uri
            return StoreError(f"{name}: no time is left for a request. Give the function a longer time-out.")
        doubt = " It is not known whether the object was written." if writing else ""
        return StoreError(f"{fault.error(self._uri, key)}{doubt}")

    def _info(self, meta: ObjectMeta) -> ObjectInfo:
        time = (meta["last_modified"] - _EPOCH) // timedelta(microseconds=1)
        return ObjectInfo(meta["path"].removeprefix(self._root), _quoted(meta["e_tag"]), meta["size"], time)


class _PastTheEndError(StoreError):
    """The range begins where the object has ended."""


def _quoted(etag: str | None) -> str:
    """Write an ETag as HTTP does: Azure's listings leave out the quotes."""
    return f'"{etag}"' if etag and not etag.endswith('"') else etag or ""


def _mode(if_match: str | None, if_absent: bool) -> PutMode:
    if if_match is None:
        return "create" if if_absent else "overwrite"
    if if_absent:
        msg = "an object cannot be absent and have an ETag; give if_match or if_absent"
        raise ValueError(msg)
    return {"e_tag": if_match}


def _page(client: Client, folder: str, after: str | None, most: int = _PAGE) -> list[ObjectMeta]:
    return list(next(client.list(folder or None, offset=after, chunk_size=most), ()))

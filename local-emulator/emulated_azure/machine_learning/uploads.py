"""Where clients put folders of code: a container of Blob Storage for each, as far as they need one."""

import uuid
from email.utils import formatdate

from aiohttp import web

ROUTE = "/uploads/{container}/{blob:.+}"


class Uploads:
    """What was put, by container and name; whoever knows the container's name may, as if with its signature."""

    def __init__(self) -> None:
        self._blobs: dict[str, dict[str, bytes]] = {}

    def begin(self, here: str) -> dict[str, object]:
        """Make a container; what a client is told of it, at the address *here*."""
        name = uuid.uuid4().hex
        self._blobs[name] = {}
        uri = f"{here}/uploads/{name}"
        credential = {"credentialType": "SAS", "sasUri": f"{uri}?sig={name}"}
        reference = {"blobUri": uri, "storageAccountArmId": "", "credential": credential}
        return {"blobReferenceForConsumption": reference, "pendingUploadType": "TemporaryBlobReference"}

    def names(self, uri: str) -> list[str]:
        """What the container has that *uri* leads into."""
        return sorted(self._blobs.get(uri.partition("/uploads/")[2].partition("?")[0].partition("/")[0], {}))

    async def put(self, request: web.Request) -> web.Response:
        """Keep a blob; or take what is told of one."""
        container = self._blobs.get(request.match_info["container"])
        if container is None:
            return web.Response(status=404, headers={"x-ms-error-code": "ContainerNotFound"})
        told = {"Last-Modified": formatdate(usegmt=True), "ETag": f'"{uuid.uuid4().hex}"'}
        if request.query.get("comp") == "metadata":
            return web.Response(status=200, headers=told)
        container[request.match_info["blob"]] = await request.read()
        return web.Response(status=201, headers=told)

    async def get(self, request: web.Request) -> web.Response:
        """Tell whether there is a blob."""
        found = self._blobs.get(request.match_info["container"], {}).get(request.match_info["blob"])
        if found is None:
            return web.Response(status=404, headers={"x-ms-error-code": "BlobNotFound"})
        told = {"Last-Modified": formatdate(usegmt=True), "ETag": '"1"', "x-ms-blob-type": "BlockBlob"}
        return web.Response(status=200, body=found, headers=told)

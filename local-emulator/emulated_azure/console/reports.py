"""The reports that monitors have written, in whichever container: found by how their blobs are called."""

import re
from typing import Any

from aiohttp import web

from emulated_azure.storage.client import Storage

REPORT = re.compile(
    r"(?:.*/)?(?P<monitor>[^/]+)/(?:report\.html|reports/(?P<window>\w+)/r(?P<revision>\d+)\.(?P<kind>html|json))"
)
MOST_PAGES = 20  # of 5,000 blobs each, of one container
NOT_THEIRS = ("azure-webjobs-", "$")
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


class Reports:
    """Lists and gives out reports, and no other blob."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def routes(self) -> list[web.RouteDef]:
        """The list, and each report at a path like its blob's, so that links between them hold."""
        return [
            web.get("/api/reports", self._list),
            web.get("/reports/{container}/{name:.+}", self._report),
        ]

    async def _list(self, _request: web.Request) -> web.Response:
        page = await self._storage.listed("blob", {})
        containers = [name for each in page.iter("Container") if (name := each.findtext("Name"))]
        found = [each for name in containers if not name.startswith(NOT_THEIRS) for each in await self._in(name)]
        drawn = {each["path"] for each in found if each["path"].endswith(".html")}
        wanted = [each for each in found if each["path"].removesuffix("json") + "html" not in drawn - {each["path"]}]
        return web.json_response(sorted(wanted, key=_newest_first, reverse=True))

    async def _in(self, container: str) -> list[dict[str, Any]]:
        found, marker = [], ""
        for _ in range(MOST_PAGES):
            query = {"restype": "container"} | ({"marker": marker} if marker else {})
            page = await self._storage.listed("blob", query, container)
            names = [each.findtext("Name") or "" for each in page.iter("Blob")]
            found += [_entry(container, told) for name in names if (told := REPORT.fullmatch(name))]
            marker = page.findtext("NextMarker") or ""
            if not marker:
                break
        return found

    async def _report(self, request: web.Request) -> web.Response:
        container, name = request.match_info["container"], request.match_info["name"]
        blob = await self._storage.blob(container, name) if REPORT.fullmatch(name) else None
        if blob is None:
            raise web.HTTPNotFound
        kind = "text/html" if name.endswith(".html") else "application/json"
        headers = {"Content-Security-Policy": POLICY}
        return web.Response(body=blob.body, content_type=kind, charset="utf-8", headers=headers)


def _entry(container: str, told: re.Match[str]) -> dict[str, Any]:
    revision = int(told["revision"]) if told["revision"] else None
    of = {"monitor": told["monitor"], "window": told["window"], "revision": revision}
    return {"path": f"{container}/{told[0]}", **of}


def _newest_first(entry: dict[str, Any]) -> tuple[str, int]:
    return (entry["window"] or "~", entry["revision"] or 0)  # the page of the latest windows before all others

"""The page itself: its own files, and out of node_modules those that it names; nothing may come from elsewhere."""

import secrets
from pathlib import Path

from aiohttp import web

PAGE = Path(__file__).with_name("page")
MODULES = (
    "@codemirror/autocomplete/dist/index.js",
    "@codemirror/commands/dist/index.js",
    "@codemirror/language/dist/index.js",
    "@codemirror/lint/dist/index.js",
    "@codemirror/state/dist/index.js",
    "@codemirror/streamparser/dist/index.js",
    "@codemirror/view/dist/index.js",
    "@kusto/language-service-next/bridge.min.js",
    "@kusto/language-service-next/Kusto.Language.Bridge.min.js",
    "@lezer/common/dist/index.js",
    "@lezer/highlight/dist/index.js",
    "@lezer/lr/dist/index.js",
    "@marijn/find-cluster-break/src/index.js",
    "crelt/index.js",
    "style-mod/src/style-mod.js",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
    "w3c-keyname/index.js",
)
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "style-src-attr 'unsafe-inline'; "  # Chromium itself sets some where text is typed over text
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
HEADERS |= {"X-Content-Type-Options": "nosniff"}


class Pages:
    """Gives out files.

    Args:
        modules: The folder node_modules.
    """

    def __init__(self, modules: Path) -> None:
        self._modules = modules

    def routes(self) -> list[web.RouteDef]:
        """The page, its files, and others' modules."""
        return [
            web.get("/", self._page),
            web.get("/page/{name}", self._own),
            web.get("/modules/{name:.+}", self._module),
        ]

    async def _page(self, _request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)  # for the import map, and for the styles that the editor makes
        text = (PAGE / "index.html").read_text().replace("{nonce}", nonce)
        headers = {"Content-Security-Policy": POLICY.replace("{nonce}", nonce)}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _own(self, request: web.Request) -> web.StreamResponse:
        return _file(PAGE, request.match_info["name"], [each.name for each in PAGE.iterdir()])

    async def _module(self, request: web.Request) -> web.StreamResponse:
        return _file(self._modules, request.match_info["name"], MODULES)


def _file(folder: Path, name: str, known: list[str] | tuple[str, ...]) -> web.StreamResponse:
    if name not in known:
        raise web.HTTPNotFound
    return web.FileResponse(folder / name, headers={"Content-Security-Policy": "default-src 'self'"})

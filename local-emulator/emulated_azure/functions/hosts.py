"""All applications there are: deployed, removed, found by their names."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from emulated_azure.functions.describing import counts, describe
from emulated_azure.functions.host import Host, Surroundings
from emulated_azure.functions.instance import StartFailedError
from emulated_azure.functions.settings import App


class Hosts:
    """All applications there are."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._hosts: dict[str, Host] = {}

    async def deploy(self, app: App) -> dict[str, Any]:
        """Start an application, in the place of one of the same name.

        Raises:
            StartFailedError: It cannot be loaded; the one before it is gone all the same.
        """
        await self.remove(app.name)
        host = Host(app, self._around)
        try:
            await host.start()
        except StartFailedError:
            await host.close()
            raise
        self._hosts[app.name] = host
        return self.describe(app.name)

    async def remove(self, name: str) -> bool:
        """End an application; False if there is none."""
        host = self._hosts.pop(name, None)
        if host:
            await host.close()
        return host is not None

    def describe(self, name: str) -> dict[str, Any]:
        """What there is of an application.

        Raises:
            LookupError: There is none.
        """
        return describe(self._named(name), self._url(name))

    def _named(self, name: str) -> Host:
        if name not in self._hosts:
            message = f"no application {name!r}; there are: {', '.join(sorted(self._hosts)) or 'none'}"
            raise LookupError(message)
        return self._hosts[name]

    def _url(self, name: str) -> str:
        return f"{self._around.platform.places.at('functions')}/apps/{name}"

    def webhook(self, app: str, function: str) -> str:
        """The URL, key and all, at which a function takes events.

        Raises:
            LookupError: There is no such application or function.
        """
        host = self._named(app)
        if function not in host.functions:
            message = f"{app} has no function {function!r}; it has: {', '.join(sorted(host.functions))}"
            raise LookupError(message)
        kind = host.functions[function].kind
        paths = {
            "blobTrigger": f"blobs?functionName=Host.Functions.{function}&code={host.keys.system['blobs_extension']}",
            "eventGridTrigger": f"EventGrid?functionName={function}&code={host.keys.system['eventgrid_extension']}",
        }
        if kind not in paths:
            message = f"{function} has a {kind}, which takes no events"
            raise LookupError(message)
        return f"{self._url(app)}/runtime/webhooks/{paths[kind]}"

    def kill(self, process: int, *, whole: bool) -> bool:
        """SIGKILL to one instance; False if none has this process id."""
        for host in self._hosts.values():
            for instance in host.instances():
                if instance.process_id == process:
                    instance.lose(whole=whole)
                    return True
        return False

    def counts(self) -> Mapping[str, Any]:
        """By application."""
        return {
            name: {**counts(host), "instances": len(host.instances())} for name, host in sorted(self._hosts.items())
        }

    async def close(self) -> None:
        """End them all, at once."""
        for name in list(self._hosts):
            await self.remove(name)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """`/apps/NAME/...`; any other path is the only application's."""
        parts = request.path.split("/", 3)
        if parts[1] == "apps" and len(parts) > 2 and parts[2] in self._hosts:
            return await self._hosts[parts[2]].site.answer(request, "/" + "".join(parts[3:]))
        if len(self._hosts) == 1:
            return await next(iter(self._hosts.values())).site.answer(request, request.path)
        return web.Response(
            status=404, text=f"name one of {', '.join(sorted(self._hosts)) or 'no'} apps: /apps/NAME/..."
        )

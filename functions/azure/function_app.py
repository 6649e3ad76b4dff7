"""The functions on Azure, as the Functions host finds them: each translates an event, calls the core, and answers.

Those of blobs and of a queue are there if the settings name a container or a queue, and what looks for appended blobs
unless they say never. All share one module, so what only
some of them need is imported where they need it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import azure.functions as func

from atalaia.errors import AtalaiaError
from atalaia_azure.blob_binding import BlobName
from atalaia_azure.runtime import app as this_app

_CONNECTION = "AzureWebJobsStorage"
_SETTINGS = os.environ  # noqa: TID251 - the host reads the triggers before it calls anything
_CONTAINER, _QUEUE = _SETTINGS.get("ATALAIA_CONTAINER"), _SETTINGS.get("ATALAIA_QUEUE")
_EVALUATE_AT = _SETTINGS.get("ATALAIA_EVALUATE_AT") or "0 * * * * *"
_COLLECT_AT = _SETTINGS.get("ATALAIA_COLLECT_AT") or "30 * * * * *"
_NEVER = "never"

app = func.FunctionApp()


def ingest_blob(blob: BlobName, context: func.Context) -> None:
    """Profile the blob that was created; if that fails, the host tries again."""
    from atalaia_azure.events import demand_all

    here = this_app().runtime
    with here.invocation("ingest", context) as this:
        done = this.service.ingest([blob.arrival], this.enough_time)
        here.log_failed(done.failed)
        this.told |= done.counts()
        demand_all(done.failed)


def ingest_queue(message: func.QueueMessage, context: func.Context) -> None:
    """Profile what a message tells of, and all that waits behind it in the queue."""
    from atalaia_azure.draining import First, drain

    here = this_app()
    with here.runtime.invocation("ingest", context) as this:
        source = here.cloud.messages(str(_QUEUE))
        first = First(message.get_body().decode(), message.dequeue_count or 1)
        done = drain(first, source, this.service.ingest, this.enough_time)
        here.runtime.log_failed(done.failed)
        this.told |= done.counts
        done.demand_first()


if _CONTAINER:
    app.blob_trigger(
        arg_name="blob",
        path=f"{_CONTAINER}/{{name}}",
        connection=_SETTINGS.get("ATALAIA_CONNECTION", _CONNECTION),
        source=func.BlobSource.EVENT_GRID,
    )(ingest_blob)
if _QUEUE:
    app.queue_trigger(arg_name="message", queue_name=_QUEUE, connection=_CONNECTION)(ingest_queue)


def collect(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - the host looks for it
    """Profile what was appended to blobs since the last time: nobody tells of that."""
    from atalaia_azure.events import demand_all

    here = this_app().runtime
    with here.invocation("collect", context) as this:
        done = this.service.collect(this.enough_time)
        here.log_failed(done.failed)
        this.told |= done.counts()
        demand_all(done.failed)


if _COLLECT_AT != _NEVER:
    app.timer_trigger(arg_name="timer", schedule=_COLLECT_AT)(collect)


@app.timer_trigger(arg_name="timer", schedule=_EVALUATE_AT)
def evaluate(timer: func.TimerRequest, context: func.Context) -> None:
    """Evaluate what has changed, tell of new reports, and start what policies ask for; after a pause, look at all."""
    here = this_app().runtime
    with here.invocation("evaluate", context) as this:
        telemetry = here.telemetry()
        done = this.service.evaluate(telemetry, here.starter_of, this.enough_time, everything=timer.past_due)
        here.log.write(done.ended())
        this.told |= done.counts()
        done.demand_all()


@app.event_grid_trigger(arg_name="event")
def lifecycle(event: func.EventGridEvent, context: func.Context) -> None:
    """Note one change of an Azure ML job's state, or a version of a model that was registered."""
    from atalaia_azure.events import JobChange, change_of

    with this_app().runtime.invocation("lifecycle", context) as this:
        change = change_of(event)
        if not isinstance(change, JobChange):
            monitors = this.service.note_model(change)
            this.told |= {"model": change.model, "version": change.version, "monitors": monitors}
            return
        found = this.service.note_outcome(change.job, change.state, change.time)
        this.told |= {"job": change.job, "state": change.state}
        this.told |= {"action": None} if found is None else {"monitor": found[0], **found[1].noted()}


@app.route(route="status/{*path}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def status(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer `/`, `/MONITOR` and `/status.json`."""
    path, key = req.route_params.get("path", ""), req.params.get("code")
    base = req.url.partition("?")[0].removesuffix("/").removesuffix(path).removesuffix("/")
    query = f"?{urlencode({'code': key})}" if key else ""  # who has come with a key goes on with it
    return _page(path, context, lambda name: f"{base}/{name}{query}")


@app.route(route="metrics", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def metrics(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the host looks for it
    """Answer Prometheus."""
    return _page("metrics", context)


def _page(path: str, context: func.Context, link: Callable[[str], str] = str) -> func.HttpResponse:
    from atalaia.monitoring.status import page_at

    with this_app().runtime.invocation("status", context) as this:
        page = page_at(f"/{path}", this.service.watches, link)
        this.told |= {"path": f"/{path}", "status": page.status}
        headers = {"content-type": page.type, "cache-control": "no-store", "x-content-type-options": "nosniff"}
        return func.HttpResponse(page.text, status_code=page.status, headers=headers)


def approve(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Show what a signed link decides to who gets it, and decide it for who posts it."""
    from atalaia_functions.approvals import HEADERS, Asked

    here = this_app().runtime
    asked = Asked(str(req.method), urlsplit(req.url).query, req.get_body())
    with here.invocation("approve", context) as this:
        page = here.approve(asked, this.service.watches)
        this.told |= {**page.told, "method": asked.method, "status": page.status}
        return func.HttpResponse(page.text, status_code=page.status, headers=HEADERS)


if _SETTINGS.get("ATALAIA_APPROVAL_KEY"):  # the link's signature says who may; it is the only key that it takes
    app.route(route="approve", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)(approve)


@app.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the host looks for it
    """Tell whether this app can read its monitors."""
    try:
        with this_app().runtime.invocation("health", context) as this:
            told = {"status": "ok", "monitors": len(this.service.watches)}
    except AtalaiaError:  # why stands in the log; who asks may be anybody
        return func.HttpResponse('{"status": "failing"}', status_code=503, mimetype="application/json")
    return func.HttpResponse(json.dumps(told), mimetype="application/json")

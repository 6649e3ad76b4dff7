"""The function app as its host has it: indexed by its settings, and called with what the worker makes of events."""

import importlib
import json
import sys
from types import SimpleNamespace

import azure.functions as func
from azure.functions import meta

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Context:
    """What the worker tells of an invocation."""

    invocation_id = "invocation-1"
    function_name = "f"
    trace_context = SimpleNamespace(trace_parent=f"00-{TRACE}-b7ad6b7169203331-01", trace_state="")


class FunctionApp:
    """The functions of `function_app.py`, by name."""

    def __init__(self):
        sys.modules.pop("function_app", None)
        self.module = importlib.import_module("function_app")
        self.functions = {each.get_function_name(): each for each in self.module.app.get_functions()}

    def bindings(self, name):
        return [json.loads(each) for each in self.functions[name].get_raw_bindings()]

    def call(self, name, parameter, value):
        return self.functions[name].get_user_function()(**{parameter: value, "context": Context()})

    def timer(self, name, *, past_due=False):
        schedule = {"IsPastDue": past_due, "ScheduleStatus": None, "Schedule": {"AdjustForDST": True}}
        return self.call(name, "timer", decoded("timerTrigger", "json", json.dumps(schedule)))

    def message(self, text, tries=1):
        counted = {"DequeueCount": meta.Datum(str(tries), "string")}
        return self.call("ingest_queue", "message", decoded("queueTrigger", "string", text, counted))

    def event(self, event):
        return self.call("lifecycle", "event", decoded("eventGridTrigger", "json", json.dumps(event)))

    def blob(self, container, name):
        from azurefunctions.extensions.base import Datum, get_binding_registry

        content = {"Connection": "AzureWebJobsStorage", "ContainerName": container, "BlobName": name}
        reference = SimpleNamespace(
            version="1.0", source="AzureStorageBlobs", content_type="application/json", content=json.dumps(content)
        )
        converter = get_binding_registry().get("blobTrigger")
        value = converter.decode(
            Datum(reference, "model_binding_data"), trigger_metadata={}, pytype=self.module.BlobName
        )
        return self.call("ingest_blob", "blob", value)

    def get(self, name, **route):
        request = func.HttpRequest(method="GET", url=f"/api/{name}", params={}, route_params=route, body=b"")
        return self.call(name, "req", request)

    def follow(self, name, method, link):
        body = b"by=Ada" if method == "POST" else b""
        return self.call(name, "req", func.HttpRequest(method=method, url=link, params={}, route_params={}, body=body))


def decoded(binding, kind, value, told=None):
    return meta._ConverterMeta.get(binding).decode(meta.Datum(value, kind), trigger_metadata=told or {})

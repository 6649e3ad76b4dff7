"""SageMaker on 127.0.0.1, which starts a thing once: moto starts it again whatever token or name it is given."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler

from otlp_sink import running

ENDPOINT = "arn:aws:sagemaker:us-east-1:1:endpoint/churn"


class SageMaker:
    """What was started: `executions` by token, `training` by name; and an endpoint, of which `shifts` were asked for.

    `plan` lists the next answers, see `answer`. Pipelines declare the parameters in `declared`, None for any.
    """

    def __init__(self):
        self.executions, self.training = {}, {}
        self.declared = None
        self.endpoint = {"EndpointName": "Churn", "EndpointArn": ENDPOINT, "EndpointStatus": "InService"}
        self.endpoint |= {"CreationTime": 0, "LastModifiedTime": 0, "ProductionVariants": [variant("new", 1.0)]}
        self.endpoint["ProductionVariants"] += [variant("old", 0.0)]
        self.shifts, self.is_instant = [], False
        self.plan = []
        self.lock = threading.Lock()

    def answer(self, action, asked):
        """Return an HTTP status and a document; None to break the connection instead.

        A planned `(status, code)` is answered instead of being asked, a planned `pass` is not, and after a planned
        `lost` what was asked for is done.
        """
        with self.lock:
            planned = self.plan.pop(0) if self.plan else "pass"
            if isinstance(planned, tuple):
                return planned[0], {"__type": planned[1], "message": "as planned"}
            answered = getattr(self, action)(asked)
            return None if planned == "lost" else answered

    def StartPipelineExecution(self, asked):  # noqa: N802 - AWS's name
        if not 32 <= len(asked["ClientRequestToken"]) <= 128:
            return 400, {"__type": "ValidationException", "message": "ClientRequestToken"}
        unknown = {each["Name"] for each in asked["PipelineParameters"]} - set(self.declared or ())
        if self.declared is not None and unknown:
            return 400, {"__type": "ValidationException", "message": f"not declared: {sorted(unknown)}"}
        arn = f"arn:aws:sagemaker:us-east-1:1:pipeline/{asked['PipelineName']}/execution/{len(self.executions) + 1}"
        first = self.executions.setdefault(asked["ClientRequestToken"], {"arn": arn, "asked": asked})
        return 200, {"PipelineExecutionArn": first["arn"]}

    def CreateTrainingJob(self, asked):  # noqa: N802 - AWS's name
        name = asked["TrainingJobName"]
        if name in self.training:
            return 400, {"__type": "ResourceInUse", "message": "Training job names must be unique"}
        self.training[name] = asked
        return 200, {"TrainingJobArn": f"arn:aws:sagemaker:us-east-1:1:training-job/{name}"}

    def DescribeEndpoint(self, asked):  # noqa: N802 - AWS's name
        if asked["EndpointName"] != self.endpoint["EndpointName"]:
            return 400, {"__type": "ValidationException", "message": "Could not find endpoint"}
        return 200, self.endpoint

    def UpdateEndpointWeightsAndCapacities(self, asked):  # noqa: N802 - AWS's name
        if self.endpoint["EndpointStatus"] != "InService":
            return 400, {"__type": "ValidationException", "message": "Cannot update in-progress endpoint"}
        self.shifts.append(asked)
        self.endpoint["EndpointStatus"] = "Updating"
        for each in asked["DesiredWeightsAndCapacities"]:
            [found] = [v for v in self.endpoint["ProductionVariants"] if v["VariantName"] == each["VariantName"]]
            found["DesiredWeight"] = each["DesiredWeight"]
        if self.is_instant:
            self.settle()
        return 200, {"EndpointArn": ENDPOINT}

    def settle(self):
        """Let the endpoint be as it was asked to."""
        self.endpoint["EndpointStatus"] = "InService"
        for each in self.endpoint["ProductionVariants"]:
            each["CurrentWeight"] = each["DesiredWeight"]


def variant(name, weight):
    return {"VariantName": name, "CurrentWeight": weight, "DesiredWeight": weight}


@contextlib.contextmanager
def sagemaker():
    """Run it; its address is `service.address`."""
    service = SageMaker()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answered = service.answer(self.headers["X-Amz-Target"].removeprefix("SageMaker."), asked)
            if answered is None:
                self.close_connection = True
                return
            status, told = answered
            body = json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with running(Handler) as service.address:
        yield service

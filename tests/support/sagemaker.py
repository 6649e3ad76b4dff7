"""SageMaker's promise to start a thing once, on 127.0.0.1: moto starts it again whatever token or name it is given."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler

from otlp_sink import running


class SageMaker:
    """What was started: `executions` by token, `training` by name; `plan` lists the next answers, see `answer`."""

    def __init__(self):
        self.executions, self.training = {}, {}
        self.plan = []
        self.lock = threading.Lock()

    def answer(self, action, asked):
        """Return an HTTP status and a document; a planned `(status, code)` is answered instead of being asked."""
        with self.lock:
            if self.plan:
                status, code = self.plan.pop(0)
                return status, {"__type": code, "message": "as planned"}
            return getattr(self, action)(asked)

    def StartPipelineExecution(self, asked):  # noqa: N802 - AWS's name
        if not 32 <= len(asked["ClientRequestToken"]) <= 128:
            return 400, {"__type": "ValidationException", "message": "ClientRequestToken"}
        arn = f"arn:aws:sagemaker:us-east-1:1:pipeline/{asked['PipelineName']}/execution/{len(self.executions) + 1}"
        first = self.executions.setdefault(asked["ClientRequestToken"], {"arn": arn, "asked": asked})
        return 200, {"PipelineExecutionArn": first["arn"]}

    def CreateTrainingJob(self, asked):  # noqa: N802 - AWS's name
        name = asked["TrainingJobName"]
        if name in self.training:
            return 400, {"__type": "ResourceInUse", "message": "Training job names must be unique"}
        self.training[name] = asked
        return 200, {"TrainingJobArn": f"arn:aws:sagemaker:us-east-1:1:training-job/{name}"}


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
            status, told = service.answer(self.headers["X-Amz-Target"].removeprefix("SageMaker."), asked)
            body = json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with running(Handler) as service.address:
        yield service

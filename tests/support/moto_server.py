"""moto's server on a port of 127.0.0.1, one request at a time: its conditional writes look and write in two steps."""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.server import MotoRequestHandler
from werkzeug.serving import run_simple

_APP = DomainDispatcherApplication(create_backend_app)
_ALONE = threading.Lock()


def answer(environ, start_response):
    with _ALONE:
        return list(_APP(environ, start_response))


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True, request_handler=MotoRequestHandler)

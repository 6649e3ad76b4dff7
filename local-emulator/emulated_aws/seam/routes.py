"""A service that MiniStack does not have, and the events of a bucket on their way out."""

import contextvars
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

import ministack.app
from ministack.core import router
from ministack.services import s3

from emulated_aws.seam.metrics import Answer


def install_sagemaker(serve: Callable[[str, str, dict[str, Any]], Answer]) -> None:
    """Route SageMaker's requests to *serve*: access key, operation and arguments to an answer. Within their place."""

    async def sagemaker(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return serve(ministack.app.extract_access_key_id(headers, {}), operation, json.loads(body or b"{}"))

    ministack.app.SERVICE_HANDLERS["sagemaker"] = sagemaker
    router.SERVICE_PATTERNS["sagemaker"] = {"target_prefixes": ["SageMaker."], "host_patterns": []}


def install_s3_events(deliver: Callable[[Callable[[], None]], None]) -> None:
    """Let *deliver* call, when and as often as it wants, the function that delivers one event of a bucket."""
    fire = s3._fire_s3_event

    def fire_later(*arguments: Any, **named: Any) -> None:
        context = contextvars.copy_context()

        def once() -> None:
            context.copy().run(functools.partial(fire, *arguments, **named))

        deliver(once)

    s3._fire_s3_event = fire_later

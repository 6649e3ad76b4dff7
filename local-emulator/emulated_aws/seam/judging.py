"""Whether a role's policies allow something. MiniStack judges, if it was started to; what it overlooks is added here.

It overlooks the namespace of metrics, that S3 says of an absent object that it is forbidden to who may not list, and
that an address with AuthType NONE asks nobody for a credential, but the function's policy for two rights of everybody.
There is no TLS on loopback; what policies say of it counts as if there were.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ministack.app
from ministack.core import iam_actions, iam_evaluator, responses
from ministack.services import iam, lambda_svc, s3, sts

from emulated_aws.rights import Right
from emulated_aws.seam.metrics import Answer

Variables = Mapping[str, str]
_lent: dict[tuple[str, str], dict[str, str]] = {}
_lending = threading.Lock()
_FORBIDDEN: Answer = (403, {"Content-Type": "application/json"}, b'{"Message": "Forbidden"}')
_FOR_EVERYBODY = {
    "lambda:InvokeFunctionUrl": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    "lambda:InvokeFunction": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
}


def is_strict() -> bool:
    """Whether policies count."""
    return bool(ministack.app.AUTH)


def lend(role: str, function: str) -> Variables:
    """Variables with the credential that a function has from its role; none where policies do not count."""
    if not is_strict():
        return {}
    account, _, name = role.split(":", 4)[4].partition(":role/")
    with _lending:
        if (role, function) not in _lent:
            _lent[role, function] = _session(account, name.rpartition("/")[2], function)
        return _lent[role, function]


def _session(account: str, role: str, function: str) -> dict[str, str]:
    key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{function}", "UserId": f"{key}:{function}",
        "SecretAccessKey": secret, "SessionToken": token, "AccountId": account, "PrincipalType": "AssumedRole",
    }  # fmt: skip
    sts.register_session(key, session)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def secret_of(key: str) -> str | None:
    """The secret of a credential that was lent, None if it was not; whoever asks checks the signature only."""
    session = sts._sessions.get(key) if is_strict() else None
    return None if session is None else str(session["SecretAccessKey"])


def refusal(key: str, rights: Sequence[Right]) -> str | None:
    """Why whoever has an access key may not do all of this, None if it may. Within its place."""
    for right in rights if is_strict() else ():
        service, _, _ = right.action.partition(":")
        region = responses.get_region()
        denied = iam_evaluator.enforce(key, right.action, service, region, right.resource, dict(right.context))
        if isinstance(denied, iam_evaluator.AuthError):
            return str(denied.message)
        if denied is not None:
            return (
                f"User: {denied.principal_arn} is not authorized to perform: {right.action} on resource: "
                f"{right.resource} because no identity-based policy allows the {right.action} action"
            )
    return None


def refusal_of_role(role: str, function: str, rights: Sequence[Right]) -> str | None:
    """The same of Lambda, which acts for a function with its role."""
    return refusal(lend(role, function).get("AWS_ACCESS_KEY_ID", ""), rights)


def install(namespace_of: Callable[[bytes], str | None]) -> None:
    """Let requests be judged by what MiniStack overlooks; *namespace_of* reads a PutMetricData request."""
    tags, objects = iam_actions.request_tag_context, ministack.app.SERVICE_HANDLERS["s3"]
    judged = ministack.app._enforce_data_plane

    def context(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        found: dict[str, Any] = tags(service, action, body, parameters)
        namespace = namespace_of(body) if action == "cloudwatch:PutMetricData" else None
        return found if namespace is None else {**found, "cloudwatch:namespace": namespace}

    async def answer(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Answer:
        given: Answer = await objects(method, path, headers, body, query)
        if given[0] == 404 and method in ("GET", "HEAD") and _is_hidden(path, headers):
            text = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            return 403, {"Content-Type": "application/xml"}, b"" if method == "HEAD" else text
        return given

    def enforce(service: str, action: str, *given: Any, **more: Any) -> Any:
        if is_strict() and (more.get("service_context") or {}).get("lambda:FunctionUrlAuthType") == "NONE":
            return None if _is_open(more["resource_arn"]) else _FORBIDDEN
        return judged(service, action, *given, **more)

    iam_actions.request_tag_context = context
    ministack.app._enforce_data_plane = enforce
    ministack.app.pin_request_origin = lambda address, _encrypted: iam_evaluator.pin_request_origin(address, True)
    ministack.app.SERVICE_HANDLERS["s3"] = answer


def _is_open(function: str) -> bool:
    """Whether a function's policy lets everybody call it by its address.

    Source: AWS Lambda, *Control access to Lambda function URLs*.
    """
    region, account, _, name = function.split(":")[3:7]
    with responses.request_scope(account, region):
        statements = lambda_svc._functions[name]["policy"]["Statement"]
    everybody = [each for each in statements if each["Principal"] == "*" and each["Effect"] == "Allow"]
    return all(
        any(each["Action"] == action and each.get("Condition") in (None, {}, condition) for each in everybody)
        for action, condition in _FOR_EVERYBODY.items()
    )


def _is_hidden(path: str, headers: Mapping[str, str]) -> bool:
    """Whether the absence of an object is kept from who asks. S3 looks at the object's key as at a listing's prefix."""
    bucket, _, name = path.lstrip("/").partition("/")
    if not is_strict() or not name or bucket not in s3._buckets:
        return False
    key = ministack.app.extract_access_key_id(headers, {})
    return refusal(key, [Right("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": name})]) is not None

"""Asks the Application Insights of the emulator that runs on this machine."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from atalaia.errors import AtalaiaError
from atalaia.window import SECOND
from atalaia_cli.answers import Answer, answer_of, refusal_of

_AUDIENCE = "https://api.loganalytics.io"
_TENANT = "00000000-0000-0000-0000-000000000004"
_CREDENTIAL = {"grant_type": "client_credentials", "client_id": "atalaia", "client_secret": "any"}
_PATIENCE_SECONDS = 200.0


def ask_emulator(state: Path, query: str, last: int | None) -> Answer:
    """Ask the emulator that runs in the folder *state*, if given only about the *last* so many µs.

    Raises:
        AtalaiaError: None runs there, or it refuses the query.
    """
    azure = _running(state)
    opener = _opener(azure["certificate"])
    form = urlencode(_CREDENTIAL | {"scope": f"{_AUDIENCE}/.default"}).encode()
    token = _fetch(opener, f"{azure['secure']}/{_TENANT}/oauth2/v2.0/token", form, {})["access_token"]
    span = {} if last is None else {"timespan": f"PT{last / SECOND:f}S"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{azure['secure']}/v1/workspaces/{azure['workspace']}/query"
    [table, *_] = _fetch(opener, url, json.dumps({"query": query} | span).encode(), headers)["tables"]
    names, types = ([column[key] for column in table["columns"]] for key in ("name", "type"))
    return answer_of(names, types, table["rows"])


def _running(state: Path) -> dict[str, str]:
    try:
        run = json.loads((state / "run.json").read_bytes())
    except (OSError, ValueError) as error:
        msg = f"{state}: no emulator runs there. Start it with `make emulator`, or name its folder with --state."
        raise AtalaiaError(msg) from error
    azure: dict[str, str] | None = run.get("azure")
    if azure is None:
        msg = f"{state}: the emulator there runs without Azure. Start it again with --cloud both."
        raise AtalaiaError(msg)
    return azure


def _opener(certificate: str) -> OpenerDirector:
    """Trusts the emulator's certificate alone, and asks no proxy."""
    try:
        trusted = ssl.create_default_context(cafile=certificate)
    except OSError as error:
        msg = f"{certificate}: {error.strerror or error}. The emulator has ended; start it with `make emulator`."
        raise AtalaiaError(msg) from error
    return build_opener(ProxyHandler({}), HTTPSHandler(context=trusted))


def _fetch(opener: OpenerDirector, url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    try:
        with opener.open(Request(url, body, headers), timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 (https)
            told: dict[str, Any] = json.loads(answer.read())
            return told
    except HTTPError as error:
        with error:
            raise AtalaiaError(refusal_of(error.read().decode(errors="replace"))) from error
    except OSError as error:
        msg = f"{url}: does not answer ({error}). See `python local-emulator status`."
        raise AtalaiaError(msg) from error

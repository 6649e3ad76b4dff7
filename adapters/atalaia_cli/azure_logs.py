"""Asks a real workspace, or a real Application Insights resource, with Microsoft's own client."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import Any

from atalaia.errors import AtalaiaError
from atalaia_cli.answers import Answer, answer_of, refusal_of


def ask_azure(query: str, last: int | None, *, workspace: str | None = None, resource: str | None = None) -> Answer:
    """Ask a *workspace* by its id or a *resource* by its own, if given only about the *last* so many µs.

    Raises:
        AtalaiaError: Microsoft's client is not installed, finds no credential, or the query is refused.
    """
    try:
        from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415 - half a second, for few
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415
        from azure.monitor.query import LogsQueryClient  # noqa: PLC0415
    except ImportError as error:
        msg = "--workspace and --resource need Microsoft's own client. Install it: pip install 'atalaia[query]'"
        raise AtalaiaError(msg) from error
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # what goes wrong is told in one line
    endpoint = os.environ.get("ATALAIA_LOGS_ENDPOINT")  # noqa: TID251 - which of Azure's clouds is asked is wiring
    given = {"endpoint": endpoint} if endpoint else {}
    span = None if last is None else timedelta(microseconds=last)
    try:
        with DefaultAzureCredential() as credential, LogsQueryClient(credential, **given) as client:
            if workspace is None:
                found: Any = client.query_resource(str(resource), query, timespan=span)
            else:
                found = client.query_workspace(workspace, query, timespan=span)
    except HttpResponseError as error:
        why = refusal_of(error.response.text()) if error.response is not None else _first_line(error)
        raise AtalaiaError(why) from error
    except AzureError as error:
        raise AtalaiaError(_first_line(error)) from error
    [table, *_] = getattr(found, "partial_data", None) or found.tables
    return answer_of(table.columns, table.columns_types, [list(row) for row in table.rows])


def _first_line(error: Exception) -> str:
    return f"Azure: {next(iter(str(error).strip().splitlines()), type(error).__name__)}"

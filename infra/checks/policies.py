"""What a linter of IAM policies says of some: unknown actions, resources that an action does not have, and so on."""

from __future__ import annotations

import json
from collections.abc import Iterator

_KNOWN = {"RESOURCE_STAR"}  # the tests ask themselves which actions may go without resources


def findings(documents: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with policies, given by name as JSON."""
    from parliament import analyze_policy_string  # noqa: PLC0415 - it reads large files

    for name, text in documents.items():
        for found in analyze_policy_string(text, include_community_auditors=False).findings:
            if found.issue not in _KNOWN:
                yield f"{name}: {found.issue} {found.title} {json.dumps(found.detail, default=str)}"

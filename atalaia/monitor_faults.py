"""Every fault of a monitor file at once: the slow path, taken only when there is something to tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from atalaia.monitor_checks import Metrics
from atalaia.monitor_rules import broken_rules
from atalaia.monitor_yaml import Document, Fault, Issue, Path
from atalaia.references import without_secrets
from atalaia.spelling import nearest, suggest

_NAMES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}

_HINTS: dict[str | int, str] = {
    "range": "Write [smallest, largest], with null for no limit.",
    "window": "Write a whole number and a unit, such as 6h or 1d.",
    "lateness": "Write a whole number and a unit, such as 1h.",
    "cool_down": "Write a whole number and a unit, such as 7d.",
    "within": "Write a whole number and a unit, such as 2d.",
    "approval_within": "Write a whole number and a unit, such as 7d.",
    "when": "Write a condition, such as drifted > 0.3.",
    "new_baseline": "Write {windows: 3}, for example.",
}


def faults_of(document: Document, schema: Mapping[str, Any], known_metrics: Metrics | None) -> list[Fault]:
    """Return all faults of a document, in the order of their lines."""
    if not document.readable:
        return document.faults
    if document.data is None and not document.faults:
        return [document.fault(Issue((), "the file is empty", "Let `atalaia init` write a first one from your data."))]
    issues = (*_structural(document, schema), *broken_rules(document.data, known_metrics))
    found = [document.fault(issue) for issue in issues if issue.path not in document.lost]
    return sorted(dict.fromkeys(map(_shown, document.faults + found)), key=lambda fault: fault.line)


def _shown(fault: Fault) -> Fault:
    """Hide secrets, wherever in the file they stand: what is said of it is logged."""
    told = {name: without_secrets(getattr(fault, name)) for name in ("path", "found", "fix")}
    return replace(fault, **told)


def _structural(document: Document, schema: Mapping[str, Any]) -> Iterator[Issue]:
    import jsonschema  # noqa: PLC0415  # slow to import; faulty files only

    # msgspec wants 1, not 1.0, where JSON Schema would take both for an integer
    draft: Any = jsonschema.Draft202012Validator
    whole = draft.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    extend: Any = jsonschema.validators.extend  # untyped in its stubs
    validator = extend(draft, type_checker=whole)(schema)
    for error in validator.iter_errors(document.data):
        yield from _explain(error, document)


def _explain(error: Any, document: Document) -> Iterator[Issue]:
    path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, path)
        case "required":
            yield from _missing_keys(error, path)
        case "enum":
            yield _not_a_choice(error, path)
        case "anyOf":
            yield from _no_alternative(error, path, document)
        case "type":
            yield _wrong_type(error.instance, (str(error.validator_value),), path, document)
        case _:  # minItems, maxItems and what follows from it: only `range` has them
            found = f"the list has {len(error.instance)} values instead of 2"
            yield Issue(path, found, _HINTS["range"])


def _unknown_keys(error: Any, path: Path) -> Iterator[Issue]:
    known = error.schema["properties"]
    for key in error.instance:
        if key not in known:
            yield Issue((*path, key), f"unknown key {key!r}", suggest(key, _free(error) or list(known), "keys"))


def _free(error: Any) -> list[str]:
    """The known keys that are not there."""
    return [key for key in error.schema["properties"] if key not in error.instance]


def _missing_keys(error: Any, path: Path) -> Iterator[Issue]:
    """Tell of keys that must be there; one that was only misspelt is told of as such."""
    known = error.schema["properties"]
    meant = {nearest(key, _free(error)) for key in error.instance if key not in known}
    for key in error.validator_value:
        if key not in error.instance and key not in meant:
            meaning = error.schema["properties"][key].get("description", "")
            yield Issue((*path, key), f"the key {key!r} is missing", f"Add it: {meaning}")


def _not_a_choice(error: Any, path: Path) -> Issue:
    choices = [str(choice) for choice in error.validator_value]
    found = f"{_show(error.instance)} is none of {', '.join(choices)}"
    hint = suggest(error.instance, choices, "values") if isinstance(error.instance, str) else ""
    return Issue(path, found, hint if hint.startswith("Did") else "Choose one of these.")


def _no_alternative(error: Any, path: Path, document: Document) -> Iterator[Issue]:
    """Explain by the one alternative whose type fits, or say which types there are."""
    alternatives: dict[Any, list[Any]] = {}
    for inner in error.context or []:
        alternatives.setdefault(inner.relative_schema_path[0], []).append(inner)
    types = []
    for inners in alternatives.values():
        outermost = [str(inner.validator_value) for inner in inners if not inner.relative_path and _is_type(inner)]
        if not outermost:
            for inner in inners:
                yield from _explain(inner, document)
            return
        types += outermost
    yield _wrong_type(error.instance, tuple(kind for kind in types if kind != "null"), path, document)


def _is_type(error: Any) -> bool:
    return bool(error.validator == "type")


def _wrong_type(value: object, wanted: tuple[str, ...], path: Path, document: Document) -> Issue:
    expected = " or ".join(_NAMES[kind] for kind in wanted)
    raw = document.raw.get(path)
    if value is None:
        return Issue(path, "nothing is given", f"Give {expected}.")
    found = f"{raw or _show(value)} is {_describe(value)}, not {expected}"
    fix = _HINTS.get(path[-1] if path else "") or _mend(value, wanted, raw) or f"Give {expected}."
    return Issue(path, found, fix)


def _mend(value: object, wanted: tuple[str, ...], raw: str | None) -> str | None:
    if "string" in wanted and isinstance(value, int | float):
        return f'Put it in quotes: "{raw or _show(value)}".'
    if "boolean" in wanted and str(value).lower() in ("yes", "on", "y", "no", "off", "n"):
        return f"Write {'true' if str(value).lower() in ('yes', 'on', 'y') else 'false'}."
    if "array" in wanted and not isinstance(value, dict):
        return f"Write a list: [{raw or _show(value)}]."
    if ("number" in wanted or "integer" in wanted) and isinstance(value, str) and _is_numeral(value):
        return f"Write it without quotes: {value.strip()}."
    return None


def _is_numeral(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdecimal()


def _describe(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    kinds = {str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return kinds[type(value)]


def _show(value: object) -> str:
    """Show a value of the file in one short line."""
    text = without_secrets(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else text[:57] + "..."

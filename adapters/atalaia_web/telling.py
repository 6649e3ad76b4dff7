"""What a job is about, for machines and for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from atalaia.ports import Job
from atalaia.references import is_address
from atalaia_web.asking import encoded

_FINDINGS_SHOWN = 10
_T = TypeVar("_T")


def evidence_text(job: Job, most: int) -> str:
    """Return the evidence as JSON; of its findings, the worst so that it has at most *most* bytes if that is enough."""
    return _first_within(_evidence_texts(job), lambda text: len(text.encode()) <= most)


def parameters_of(job: Job, most: int) -> dict[str, str]:
    """Return the job's parameters, its id and its evidence, of which there is as much as *most* bytes of JSON hold."""
    own = {**job.parameters, "atalaia_id": job.id}
    told = ({**own, "atalaia_evidence": text} for text in _evidence_texts(job))
    return _first_within(told, lambda each: len(encoded(each)) <= most)


def _evidence_texts(job: Job) -> Iterator[str]:
    """Yield the evidence as JSON, with all of its findings, then with one less each time."""
    told, found = dict(job.evidence), list(job.evidence.get("findings", ()))
    yield encoded(told).decode()
    while found:
        found.pop()
        told |= {"findings": list(found), "more": told.get("more", 0) + 1}
        yield encoded(told).decode()


def _first_within(those: Iterator[_T], fits: Callable[[_T], bool]) -> _T:
    """Return the first that fits, or else the last."""
    last = next(those)
    while not fits(last) and (following := next(those, None)) is not None:
        last = following
    return last


def request_of(job: Job) -> dict[str, Any]:
    """Return all that is to be known of a job, as plain JSON."""
    return {
        "id": job.id,
        "monitor": job.monitor,
        "policy": job.policy,
        "window": job.window,
        "parameters": dict(job.parameters),
        "evidence": dict(job.evidence),
    }


class Message(Struct, frozen=True):
    """What people read of a job.

    Attributes:
        title: In one line.
        facts: Names and values.
        findings: A line for each of the worst.
        links: Texts and addresses.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def message_of(job: Job) -> Message:
    """Return what people read of *job*; what its evidence does not say is left out."""
    evidence = job.evidence
    found = evidence.get("findings", ())
    more = len(found[_FINDINGS_SHOWN:]) + evidence.get("more", 0)
    lines = [_finding(each) for each in found[:_FINDINGS_SHOWN]] + ([f"and {more} more"] if more else [])
    return Message(f"{job.monitor}: {job.policy}", tuple(_facts(job)), tuple(lines), tuple(_links(evidence)))


def _facts(job: Job) -> Iterator[tuple[str, str]]:
    window, trained = job.evidence.get("window", {}), job.evidence.get("train_on", {})
    if job.evidence.get("model"):
        yield "Model", str(job.evidence["model"])
    yield "Window", f"{window['start']} to {window['end']}" if "start" in window and "end" in window else job.window
    if job.evidence.get("baseline"):
        yield "Baseline", str(job.evidence["baseline"])
    if "from" in trained and "to" in trained:
        yield "Train on", f"{trained['from']} to {trained['to']} of {trained.get('logs', 'the logs')}"
    if job.evidence.get("report", {}).get("uri"):
        yield "Report", str(job.evidence["report"]["uri"])
    yield "Id", job.id  # before what may be so long that the rest is cut off
    yield from job.parameters.items()


def _finding(finding: Mapping[str, Any]) -> str:
    of = " ".join(str(finding[key]) for key in ("column", "segment") if finding.get(key))
    value, threshold = (_number(finding.get(key)) for key in ("value", "threshold"))
    limit = f", threshold {threshold}" if threshold else ""
    return f"{finding.get('metric', '')}{f' of {of}' if of else ''}: {value or 'not measured'}{limit}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""


def _links(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    uri = str(evidence.get("report", {}).get("uri", ""))
    if is_address(uri):
        yield "Open the report", uri
    for text, address in evidence.get("links", {}).items():
        if is_address(str(address)):
            yield str(text), str(address)

"""What queries in PromQL ask for, by a parser of that language."""

from __future__ import annotations

from collections.abc import Iterator

from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, MatrixSelector, ParenExpr, VectorSelector, parse


def asked(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return the metrics that a query reads, each with its labels and what they must match.

    Raises:
        ValueError: It is no query.
    """
    return [(each.name, {m.name: m.value for m in each.matchers.matchers}) for each in _selectors(parse(text))]


def _selectors(node: Expr) -> Iterator[VectorSelector]:
    match node:
        case VectorSelector():
            yield node
        case MatrixSelector():
            yield node.vector_selector
        case AggregateExpr() | ParenExpr():
            yield from _selectors(node.expr)
        case BinaryExpr():
            yield from (each for side in (node.lhs, node.rhs) for each in _selectors(side))
        case Call():
            yield from (each for argument in node.args for each in _selectors(argument))

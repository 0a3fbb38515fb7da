"""Conditions of playbooks: `not source_reachable and closed_uplinks > 0`, and nothing more powerful.

A condition is checked when its file is read: names from `NAMES`, and, or, not, comparisons, `in`,
numbers and quoted words. No calls, no arithmetic, no attributes: what cannot be written cannot be abused.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from netdiag.errors import UsageError

NAMES: Mapping[str, str] = {
    "kind": "the cause's kind, e.g. 'layer2-loop'",
    "confidence": "how sure the diagnosis is, 0 to 1",
    "also_rogue_dhcp": "the same device hands out wrong addresses",
    "ports_known": "the edge port(s) to isolate are known and may be touched",
    "ports_protected": "an edge port of the cause is an uplink or on the never-touch list",
    "source_known": "the switch where the cause sits is known",
    "source_reachable": "that switch answers now",
    "only_path_closed": "that switch does not answer because its only path is a closed port",
    "other_path": "the inventory has another management path into that switch",
    "closed_uplinks": "how many uplinks the trouble closed (err-disabled)",
    "port_err_disabled": "the cause's own port is err-disabled",
    "port_admin_down": "the cause's own port is shut by configuration",
    "port_is_uplink": "the cause's own port leads to another switch",
    "findings": "the kinds of all findings, to be asked as: 'rogue-dhcp-server' in findings",
}
"""What a condition may ask, and what it means."""

Value = str | float | bool | tuple[str, ...]
_MAX_LENGTH = 200
_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
    ast.In,
    ast.NotIn,
    ast.Name,
    ast.Load,
    ast.Constant,
)


def check(condition: str) -> None:
    """`UsageError` that says which word is not allowed."""
    if len(condition) > _MAX_LENGTH:
        raise UsageError(f"a condition has at most {_MAX_LENGTH} characters")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        raise UsageError(f"not a condition: {condition.strip()!r}") from exc
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in NAMES:
            raise UsageError(f"unknown word {node.id!r} (known: {', '.join(NAMES)})")
        plain = not isinstance(node, ast.Constant) or isinstance(node.value, str | int | float)
        if not isinstance(node, _ALLOWED) or not plain:
            raise UsageError(
                "a condition may compare, and join with and, or, not;"
                f" {type(node).__name__} is not allowed"
            )


def holds(condition: str, facts: Mapping[str, Value]) -> bool:
    """Whether a checked condition is true of these facts; comparing unlike things is false."""
    from simpleeval import InvalidExpression, SimpleEval

    evaluator = SimpleEval(functions={}, names=dict(facts))
    try:
        return bool(evaluator.eval(condition.strip()))
    except (InvalidExpression, TypeError, ValueError):
        return False

"""PURE. Findings to ranked causes: what explains the most with the least.

Families take findings in the order of their reach: storms and loops, rogue servers, bad links and cut ones,
then single ports and services. A finding is explained once. Rules: one thing that shows as several kinds
is one cause with `also`; a storm's closed uplink, and what is dark behind it, are effects; a warning
alone is no cause; no finding, no cause.
"""

from __future__ import annotations

from collections.abc import Sequence

from netdiag.causes import cut, link, rogue, single, storm
from netdiag.causes.draft import Case, Draft
from netdiag.model import Cause, Finding, Network, Severity
from netdiag.topology import Topology

__all__ = ["rank"]

_WEIGHT = {Severity.CRITICAL: 8.0, Severity.MAJOR: 4.0, Severity.MINOR: 2.0, Severity.WARNING: 0.5}
_STALE = 0.2


def rank(findings: Sequence[Finding], network: Network, topology: Topology) -> tuple[Cause, ...]:
    """The causes, the one to start with first; independent of the order of the findings."""
    case = Case(network, topology, tuple(sorted(findings, key=lambda f: f.id)))
    families = (storm, rogue, link, cut, single)
    drafts = [draft for family in families for draft in family.causes(case)]
    drafts.sort(key=_worst_first)
    return tuple(_cause(n, draft) for n, draft in enumerate(drafts, 1))


def _worst_first(draft: Draft) -> tuple[object, ...]:
    """Explained weight times certainty; an old story comes last."""
    weight = sum(_WEIGHT[f.severity] for f in {f.id: f for f in draft.findings}.values())
    score = weight * draft.confidence * (_STALE if draft.stale else 1.0)
    r = draft.resource
    place = (r.device or "", r.interface or "", r.vlan or 0, r.mac or "", r.ip or "")
    return (-round(score, 3), draft.kind, *place)


def _cause(rank_: int, draft: Draft) -> Cause:
    because = tuple(sorted({f.id for f in draft.because}))
    explains = tuple(sorted({f.id for f in draft.explains} - set(because)))
    return Cause(
        rank=rank_,
        kind=draft.kind,
        resource=draft.resource,
        confidence=round(min(0.99, draft.confidence), 2),
        because=because,
        explains=explains,
        summary=draft.summary,
        interfaces=draft.interfaces,
        also=tuple(k for k in draft.also if k is not draft.kind),
    )

"""What hangs on each single link: one depth-first pass over the graph for all of them.

R. Tarjan, "A note on finding the bridges of a graph" (1974): a link of the tree is a bridge where
nothing below it reaches above it by another way. What is below is one slice of the order of visits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CutTree:
    """The nodes that a root reaches, in the order of visits, and how far each one's own run goes."""

    order: tuple[str, ...]
    _first: Mapping[str, int]
    _end: Sequence[int]
    _low: Sequence[int]
    _parent: Mapping[str, str]

    def lost(self, a: str, b: str) -> tuple[str, ...]:
        """The nodes that the root no longer reaches when `a` and `b` are joined no more, sorted."""
        child = b if self._parent.get(b) == a else a
        above = self._parent.get(child)
        if above not in (a, b) or above is None:
            return ()  # not in the tree: there is another way
        at = self._first[child]
        if self._low[at] <= self._first[above]:
            return ()
        return tuple(sorted(self.order[at : self._end[at]]))


def cut_tree(neighbors: Mapping[str, Sequence[str]], root: str) -> CutTree:
    """One pass; two nodes that are joined more than once are joined."""
    first, parent = {root: 0}, dict[str, str]()
    order, low, end = [root], [0], [0]
    stack: list[tuple[str, Iterator[str]]] = [(root, iter(neighbors.get(root, ())))]
    while stack:
        node, rest = stack[-1]
        at, above = first[node], parent.get(node)
        for other in rest:
            if other not in first:
                first[other] = len(order)
                low.append(len(order))
                end.append(0)
                order.append(other)
                parent[other] = node
                stack.append((other, iter(neighbors.get(other, ()))))
                break
            if other not in (above, node):
                low[at] = min(low[at], first[other])
        else:
            stack.pop()
            end[at] = len(order)
            if above is not None:
                low[first[above]] = min(low[first[above]], low[at])
    return CutTree(tuple(order), first, end, low, parent)

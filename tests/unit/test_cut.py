"""What a single link cuts off, held against networkx on random graphs."""

import random

import networkx as nx

from netdiag.topology.cut import cut_tree


def test_every_link_of_random_graphs_cuts_off_what_networkx_says():
    cuts = 0
    for seed in range(200):
        rng = random.Random(seed)
        graph = nx.gnm_random_graph(rng.randint(2, 25), rng.randint(1, 30), seed=seed)
        graph = nx.relabel_nodes(graph, str)
        beside = {n: [*graph[n], *rng.sample(sorted(graph[n]), len(graph[n]) // 2)] for n in graph}
        tree = cut_tree(beside, "0")
        before = nx.node_connected_component(graph, "0")
        assert set(tree.order) == before
        for a, b in graph.edges:
            rest = graph.copy()
            rest.remove_edge(a, b)
            lost = tuple(sorted(before - nx.node_connected_component(rest, "0")))
            assert tree.lost(a, b) == tree.lost(b, a) == lost, (seed, a, b)
            cuts += bool(lost)
    assert cuts > 300
    assert cut_tree({}, "alone").lost("alone", "x") == ()


def test_a_chain_longer_than_pythons_stack():
    names = [f"sw-{n:05d}" for n in range(5000)]
    beside = {n: names[max(0, i - 1) : i] + names[i + 1 : i + 2] for i, n in enumerate(names)}
    assert len(cut_tree(beside, names[0]).lost(names[99], names[100])) == 4900

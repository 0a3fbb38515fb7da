"""The practice network on a real kernel: switches are bridges in network namespaces, cables are veths.

Start at `campus`. The same switch agent, incidents and control socket serve it as the simulator's:
what differs is who moves the frames. What a switch says of itself (links, counters, addresses,
spanning tree) is read from the kernel, so what somebody changes there with `ip` and `bridge` shows.
"""

"""The capture process: the only place that imports scapy; frames in, JSON lines out.

Started as `python -m netdiag.capture`; never imported by the rest of netdiag. That keeps scapy's
licence (GPL-2.0-only) and the parsing of hostile frames in a process of their own, which gives up
its privileges as soon as its socket or file is open. What each line means: `netdiag.capture.lines`.
"""

"""The capture process: the only place that imports scapy; frames in, JSON lines out."""

"""netdiag turns "the third floor is offline" into a named switch port and a safe repair.

Start reading at `diagnose` (the main flow, on one page); `model` is the vocabulary.
"""

__version__ = "0.1.0"

"""Fuzzing: every decoder and file reader against octets of strangers."""

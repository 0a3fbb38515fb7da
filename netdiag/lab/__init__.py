"""The practice network: a campus that behaves, breaks and answers like a real one."""

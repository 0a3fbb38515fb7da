"""Pure checks: a network in, findings out; one module a family."""

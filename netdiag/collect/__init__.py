"""The only package that talks to devices and wires."""

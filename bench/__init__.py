"""Measurements: each module prints its figures; most write docs/NAME.json for `python -m reports`."""

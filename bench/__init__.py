"""Measurements: each module prints its figures, and most write them to docs/NAME.json for `python -m reports`."""

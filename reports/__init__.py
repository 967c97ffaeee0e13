"""Draws what was measured: results in docs/*.json become tables, cards, charts and pictures. Nothing else writes those."""

"""Reports: tables, cards, charts and pictures, drawn from the results in docs/*.json.

Nothing else writes those.
"""

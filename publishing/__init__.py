"""Publishing on the Hub (`publish.py`).

The files (`bundles`), their `upload`, the Hub's errors in words (`hub`).
"""

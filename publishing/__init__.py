"""Publishing on the Hub: the files (`bundles`), their `upload`, and the Hub's errors in words (`hub`). The command is `publish.py`."""

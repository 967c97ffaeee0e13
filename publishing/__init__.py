"""On the Hub: what goes there (`bundles`), the cards, and what can go wrong with it (`hub`). `publish.py` is the command."""

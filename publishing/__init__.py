"""Publishing on the Hub, for publish.py, and fetching from it, for the page."""

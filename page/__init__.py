"""The page behind its drawing board: answers (`recognise`), pictures within bounds, which weights are served, the stock page."""

VERSION = "1.0"  # of the page; a contributed drawing says which one took it

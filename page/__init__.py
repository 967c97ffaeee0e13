"""The page behind its drawing board: answers (`recognise`), pictures within bounds, which weights are served, the stock page."""

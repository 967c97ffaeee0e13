"""All that the browser runs: the network's JavaScript twin, the board, the page around it, and the static
edition.

`python -m web build OUT` writes the static edition into a folder that any web server can serve.
"""

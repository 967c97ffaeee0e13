"""What the browser runs: the network's JavaScript twin, the board, the page, and its static edition."""

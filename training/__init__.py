"""Training: what can be trained (`recipes`), the loop (`fitting`), augmentation, what is counted (`metrics`), the baseline."""

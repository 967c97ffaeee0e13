"""Training: recipes, what a network learns from, augmentation, the loop, metrics, the baseline."""

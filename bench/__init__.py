"""Measurements that are not tests: each script prints the figures that the README quotes."""

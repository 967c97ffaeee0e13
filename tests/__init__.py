"""The tests, and in `harness` what tests, benchmarks and reports share."""

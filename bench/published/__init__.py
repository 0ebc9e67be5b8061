"""Published results of others beside ours, on the same split: docs/benchmarks.md (make benchmarks)."""

"""Sessions: which STS calls a switch takes, and the one place that makes them."""

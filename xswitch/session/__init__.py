"""Sessions: which calls of AWS a switch takes, and the one place that makes them."""

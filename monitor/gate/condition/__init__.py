"""Camera health."""

"""What reads the sources: one module a kind, found through the entry-point group `agileml.metric_sources`."""

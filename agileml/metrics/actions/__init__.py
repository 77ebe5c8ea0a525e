"""The writers of metrics. Those that take `w` are primitives: they write inside a transaction that is open already."""

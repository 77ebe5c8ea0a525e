"""Reads of planning that shape several querysets."""

"""Reads of demos."""

"""The rules of planning: pure functions on frozen facts. No database, no clock, no request."""

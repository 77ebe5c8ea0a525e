"""The rules of the journal: pure functions on frozen facts. No database, no clock, no request."""

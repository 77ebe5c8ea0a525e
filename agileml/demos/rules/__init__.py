"""The rules of demos: pure functions on frozen facts. No database, no clock, no request."""

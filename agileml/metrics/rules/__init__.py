"""Pure rules of measuring: points, criteria, verdicts."""

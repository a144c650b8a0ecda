"""The rules of the report of the benches, and its pages."""

"""Athena's API: who calls, the life of a query execution, and its results."""

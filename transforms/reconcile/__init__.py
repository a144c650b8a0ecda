"""Reconciliation: whether silver tells of every item what the table holds, row by row."""

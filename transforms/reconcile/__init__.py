"""Reconciliation: whether silver has of every item what the table holds, row by row."""

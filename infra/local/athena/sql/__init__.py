"""Trino SQL: its grammar, its functions, and its translation into DuckDB's SQL."""

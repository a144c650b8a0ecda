"""Ingestion: every committed change of the table into bronze."""

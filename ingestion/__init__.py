"""Ingestion: every committed change of the table, and every API request log, into bronze."""

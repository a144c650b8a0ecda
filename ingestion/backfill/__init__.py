"""Backfill: what the table holds now, to bronze as synthetic envelopes, so that a lake can be built from nothing."""

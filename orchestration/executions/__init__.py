"""Executions of the pipeline: start, stop and redrive them, read their history by state, and each state's log."""

"""Orchestration: the pipeline's state machine and the operator's commands."""

"""Orchestration: the pipeline's state machine, the Lambdas that only it uses, and the operator's commands."""

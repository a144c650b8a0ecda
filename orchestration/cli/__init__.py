"""The operator's commands: the pipeline, queries, tokens. They work on whatever account the AWS environment names."""

from orchestration.cli.pipeline import pipeline
from orchestration.cli.query import query

__all__ = ["pipeline", "query"]

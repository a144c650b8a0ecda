"""Managed query results: Athena keeps a workgroup's results itself, and none are in the caller's buckets.

https://docs.aws.amazon.com/athena/latest/ug/managed-results.html: such a workgroup has no output location, its results
are read by GetQueryResults, and a query execution says that they are managed.
"""

from typing import Any

from infra.local.athena.api import execution

LOCATION = "managed://results/"
"""In the place of an output location, which the emulator asks for; no object is written there."""


def are_enabled(group: str) -> bool:
    """Whether a workgroup's results are managed."""
    configuration = execution.workgroup_configuration(group).get("ManagedQueryResultsConfiguration") or {}
    return bool(configuration.get("Enabled"))


def without_location(configuration: dict[str, Any]) -> dict[str, Any]:
    """A result configuration as AWS shows it for managed results."""
    return {name: value for name, value in configuration.items() if name != "OutputLocation"}

"""Silver: bronze's change events as Iceberg tables, one Spark job that may rerun any window."""

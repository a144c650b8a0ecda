"""What silver costs, against DuckDB doing the same with the same files."""

"""What a query will scan, and what that costs, before it runs."""

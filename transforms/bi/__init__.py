"""What BI users get: saved queries and the dashboard."""

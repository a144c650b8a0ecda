"""Change capture: the table's stream, record by record, to bronze as envelope v1 (`envelope.schema.json`)."""

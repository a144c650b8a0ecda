"""Request logs: the API's log group, event by event, to bronze as one line per request (`request.schema.json`)."""

"""How fast change capture is: records a second and core, and from a write to bronze (`make bench-ingestion`)."""

"""Live views in this process."""

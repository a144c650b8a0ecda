"""What gold costs: `make bench-gold`."""

"""Deployments that take minutes: `make life-of-prod`, not part of the suite."""

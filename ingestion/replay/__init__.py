"""Replay: what waits in the failure queues, brought to where it was meant to go."""

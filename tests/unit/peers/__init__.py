"""Tests of tests/peers."""

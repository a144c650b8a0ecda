"""The test suites of Athena's clients, run against the local account: what their authors saw real Athena answer."""

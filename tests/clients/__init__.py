"""Clients that others would generate from docs/openapi.json, compiled and run against the deployed API.

`generate` makes them; `scenario.py` and `scenario.ts` use them as an application would and print what they saw as JSON;
`tests/e2e/test_clients.py` asserts on that. The tools are pinned here: `package-lock.json` (npm) and `generator.lock`
(PyPI).
"""

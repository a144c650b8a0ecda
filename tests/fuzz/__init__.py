"""The deployed API against its own OpenAPI document: Schemathesis makes the requests, and checks every answer.

`make fuzz-api` searches long and deep on the local account; `tests/e2e/test_contract.py` does it for a minute.
"""

"""The OpenAPI document, `docs/openapi.json`: made when the API changes, shipped with it, and served as a file.

Nothing here is imported by the running function. `make openapi` writes the document anew, and refuses a change that
would break the clients that the present document was made for.
"""

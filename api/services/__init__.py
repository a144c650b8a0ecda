"""The rules of the API, without HTTP and without DynamoDB."""

"""What a request costs: DynamoDB calls, write units, CPU, cold import, overhead (`make bench-api`)."""

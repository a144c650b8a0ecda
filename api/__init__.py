"""The REST API: one Lambda behind API Gateway and Cognito, writing to one DynamoDB table."""

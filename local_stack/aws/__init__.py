"""The AWS services that the local stack runs on moto (Kinesis, SQS, S3, DynamoDB, Secrets Manager): one process."""

REGION = "us-east-1"
ACCOUNT = "123456789012"

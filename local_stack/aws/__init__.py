"""The AWS services that the twin borrows from moto (Kinesis, SQS, S3, Secrets Manager), as one process on loopback."""

REGION = "us-east-1"
ACCOUNT = "123456789012"

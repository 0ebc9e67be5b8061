"""The AWS services that the local stack runs on moto (Kinesis, SQS, S3, Secrets Manager): one process on loopback."""

REGION = "us-east-1"
ACCOUNT = "123456789012"

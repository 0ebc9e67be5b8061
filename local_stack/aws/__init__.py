"""The AWS services that the local stack borrows from moto (Kinesis, SQS, S3, Secrets Manager), as one process on
loopback.
"""

REGION = "us-east-1"
ACCOUNT = "123456789012"

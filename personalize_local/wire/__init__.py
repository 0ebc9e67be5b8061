"""AWS's wire protocols for the three Personalize services, and their requests checked against botocore's own model."""

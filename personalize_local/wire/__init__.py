"""AWS's wire protocols of the three Personalize services, and the checks of requests against botocore's models."""

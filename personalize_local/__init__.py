"""A local Amazon Personalize: AWS's wire protocol, the service's rules and lags, and a real model."""

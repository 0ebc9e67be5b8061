"""The life of a model in Amazon Personalize: data, training, campaign. One code for AWS and the local service."""

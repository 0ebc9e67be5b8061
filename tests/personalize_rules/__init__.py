"""What Amazon Personalize accepts, without the local service."""

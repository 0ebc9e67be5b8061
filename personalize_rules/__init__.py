"""What Amazon Personalize accepts, for the local service and for all who check before they ask: recipes and filters."""

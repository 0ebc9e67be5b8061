"""The life cycle of a model in Amazon Personalize: data, training, campaign. The same code for AWS and the emulator."""

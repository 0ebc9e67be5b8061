"""The stack as CDK constructs, one a concern, and what its deployment needs to know and to check."""

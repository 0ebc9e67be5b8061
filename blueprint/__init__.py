"""What the deployed stack (``infra``) and the local stack (``local``) have in common, defined once. Imports neither."""

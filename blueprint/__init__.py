"""What the deployed stack (``infra``) and its local twin (``local``) have in common, defined once. Imports neither."""

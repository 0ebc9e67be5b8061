"""The errors of a build."""


class NotMovable(Exception):
    """A module imports a package in a form that cannot be rewritten."""

"""How a job says that it cannot be done."""


class JobFailed(Exception):
    """The job ends in CREATE FAILED; the message is the reason that Describe shows: one line, what and where."""

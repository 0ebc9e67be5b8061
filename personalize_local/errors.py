"""The errors that Amazon Personalize answers with, as boto3 knows them.

    ServiceError
     ├ InvalidInput            ├ ResourceNotFound      ├ ResourceAlreadyExists
     ├ InvalidNextToken        ├ ResourceInUse         ├ LimitExceeded        ├ Throttling
     ├ TooManyTags             ├ TooManyTagKeys
     └ of the wire protocol: MalformedRequest, UnknownOperation, NotServed

``status`` is the one of the REST services (events, runtime); the control plane answers 400 to all of them (botocore's
service models; measured with boto3).
"""


class ServiceError(Exception):
    """A refusal: ``code`` is AWS's exception name, ``str(error)`` its message, ``status`` the HTTP status over REST."""

    code = "InternalFailure"
    status = 400


class InvalidInput(ServiceError):
    """A value that the service does not accept; the only modelled error of PutEvents."""

    code = "InvalidInputException"


class InvalidNextToken(ServiceError):
    """A page token that did not come from a List operation."""

    code = "InvalidNextTokenException"


class ResourceNotFound(ServiceError):
    """An ARN without a resource."""

    code = "ResourceNotFoundException"
    status = 404

    @classmethod
    def of(cls, arn: str) -> "ResourceNotFound":
        """Return the error for an ARN."""
        return cls(f"Resource Arn {arn} does not exist.")


class ResourceAlreadyExists(ServiceError):
    """A second resource with the same ARN."""

    code = "ResourceAlreadyExistsException"
    status = 409


class ResourceInUse(ServiceError):
    """A resource in a state, or with dependants, that forbids the request for now."""

    code = "ResourceInUseException"
    status = 409


class LimitExceeded(ServiceError):
    """More resources than AWS allows."""

    code = "LimitExceededException"


class TooManyTags(ServiceError):
    """More tags than a resource may have."""

    code = "TooManyTagsException"


class TooManyTagKeys(ServiceError):
    """More keys of tags than a request may remove."""

    code = "TooManyTagKeysException"


class Throttling(ServiceError):
    """More calls per second than the quota allows; AWS's SDKs retry."""

    code = "ThrottlingException"


class MalformedRequest(ServiceError):
    """A body that is not JSON, or a value of the wrong JSON type."""

    code = "SerializationException"


class UnknownOperation(ServiceError):
    """An operation that none of the three services has."""

    code = "UnknownOperationException"
    status = 404


class NotServed(ServiceError):
    """An operation or option that Amazon Personalize has and this local service does not (501 is never retried)."""

    code = "NotServedLocally"
    status = 501


class JobFailed(Exception):
    """The job ends in CREATE FAILED; the message is the one-line reason that Describe shows."""

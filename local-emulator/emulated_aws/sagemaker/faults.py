"""What SageMaker refuses."""


class RefusalError(Exception):
    """An error answer; `code` is AWS's name for it."""

    code = "ValidationException"


class UnknownOperationError(RefusalError):
    """Not emulated."""

    code = "UnknownOperationException"


class ConflictError(RefusalError):
    """A pipeline of that name exists."""

    code = "ConflictException"


class NotFoundError(RefusalError):
    """No such pipeline or execution."""

    code = "ResourceNotFound"


class InUseError(RefusalError):
    """A training job of that name exists."""

    code = "ResourceInUse"

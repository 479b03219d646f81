"""What can go wrong, as one tree.

RollbookError                 everything that Rollbook raises on purpose
├─ ConfigurationError         start refused; names the setting and the allowed values
├─ InvalidInput               a file or value of the person cannot be used; says what to do
│  └─ UnreadableImage         not a picture that can be opened, or too large to open safely
├─ ModelError                 a network file or backend cannot be used
│  ├─ ModelUnavailable        file missing, checksum wrong, extra not installed
│  └─ ModelContractError      a backend answered with a wrong shape, dtype or scale
├─ TemplateSpaceMismatch      probe and gallery come from different embedders
├─ CameraError                a stream cannot be read
│  ├─ CameraUnavailable       it may come back: retryable
│  └─ StreamEnded             a file or folder has no more frames
├─ StorageError               the home folder or its database cannot be used
│  ├─ NotFound                no such person, group, session, sample
│  ├─ AlreadyExists           a name, external id or mark that may exist only once
│  ├─ StorageUnavailable      full, read-only or locked: retryable
│  ├─ NewerDatabase           written by a later version of Rollbook
│  ├─ DecryptionFailed        wrong key, or a payload of another owner or purpose
│  └─ RegisterTampered        the chain of the register does not hold
├─ ConsentMissing             no lawful basis: nothing is computed
│  └─ FacesOff                this site has switched recognition off
├─ SessionClosed              the session takes no more marks this way
├─ Busy                       no worker is free now (retryable)
└─ NotificationError          permanent: bool

Daily outcomes (no face, blurred, unknown, already marked) are values, not errors.
"""

from types import TracebackType


class RollbookError(Exception):
    """Everything that Rollbook raises on purpose; its text says what to do next.

    The text is a template for values, where there are any, so that a page can translate it.

    >>> str(InvalidInput("A name may have %(limit)s characters.", limit=200))
    'A name may have 200 characters.'
    """

    retryable: bool = False

    def __init__(self, text: str = "", /, **values: object) -> None:
        super().__init__(text % values if values else text)
        self.template = text
        self.values = values


class ConfigurationError(RollbookError):
    """A setting cannot be used; the text names it and the allowed values."""


class InvalidInput(RollbookError):
    """A file or value given by a person cannot be used."""


class UnreadableImage(InvalidInput):
    """The file is not a picture that can be opened, or too large to open safely."""


class ModelError(RollbookError):
    """A network file or backend cannot be used."""


class ModelUnavailable(ModelError):
    """The file is missing, its checksum is wrong, or the extra is not installed."""


class ModelContractError(ModelError):
    """A backend answered with a wrong shape, dtype or scale."""


class TemplateSpaceMismatch(RollbookError):
    """Templates of different embedders, or of different versions of one, were compared."""


class CameraError(RollbookError):
    """A camera, stream, clip or folder cannot be read."""


class CameraUnavailable(CameraError):
    """The source gives no frames now; it may come back."""

    retryable = True


class StreamEnded(CameraError):
    """A file or folder has no more frames."""


class StorageError(RollbookError):
    """The home folder or its database cannot be used."""


class NotFound(StorageError):
    """No such person, group, session or sample."""


class AlreadyExists(StorageError):
    """A name, external id or mark that may exist only once."""


class StorageUnavailable(StorageError):
    """The disk is full or read-only, or another program holds the database."""

    retryable = True


class NewerDatabase(StorageError):
    """The database was written by a later version of Rollbook."""


class DecryptionFailed(StorageError):
    """The key is wrong, or the payload belongs to another owner or purpose."""


class RegisterTampered(StorageError):
    """The chain of the register does not hold; the text names the entry."""


class ConsentMissing(RollbookError):
    """There is no lawful basis, so nothing is computed."""


class FacesOff(ConsentMissing):
    """The site has switched the recognition of faces off."""


class SessionClosed(RollbookError):
    """The session is closed; a mark can only be corrected."""


class Busy(RollbookError):
    """As much is being worked on as this machine can; nothing was started."""

    retryable = True


class NotificationError(RollbookError):
    """A message could not be delivered.

    `permanent` is true when trying again cannot help.
    """

    def __init__(self, text: str, /, *, permanent: bool, **values: object) -> None:
        super().__init__(text, **values)
        self.permanent = permanent


def places_of(
    error: Exception,
) -> tuple[type[Exception], Exception, TracebackType | None]:
    """Return the traceback for a log with the error's kind alone: its text may hold a name.

    >>> kind, nothing_said, _ = places_of(KeyError("Ada"))
    >>> kind.__name__, str(nothing_said)
    ('KeyError', '')
    """
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    return kind, kind(), error.__traceback__

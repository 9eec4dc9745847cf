"""Every error that Dossier raises on purpose.

DossierError                    a sentence for people: found, expected, what mends it
├── UsageError                  the reader of the screen can mend it
│   ├── BadInput                a value that is not of the expected form
│   │   ├── TooLarge            a file or text over the limit
│   │   └── UnknownFormat       no reader for this kind of file
│   ├── UnreadableFile          a reader could not make text of the file
│   ├── NotFound                no dossier, document, version or job of that name
│   ├── Conflict                the name or source is taken
│   ├── BadSettings             an unknown key or an impossible value in the settings
│   ├── ModelMissing            a model file is absent and could not be fetched
│   ├── ModelAltered            a model file's sha256 is not the manifest's
│   ├── ModelFailed             a language model did not answer
│   ├── EmbedderChanged         the library was embedded with another model
│   ├── NotInstalled            an optional package is missing
│   ├── LibraryBusy             another process owns the data folder
│   ├── LibraryDamaged          the library file cannot be trusted
│   ├── IndexDamaged            a search index cannot be used and is rebuilt
│   ├── IndexUnreachable        the server of an index does not answer
│   ├── StorageFull             no room or no permission to write
│   ├── AddressInUse            the port is taken
│   ├── Refused                 a key, an origin or an address that is not allowed
│   ├── Overloaded              the queue is full, try again later
│   └── Cancelled               the caller asked to stop
└── ProgrammingError            a promise between two parts of Dossier was broken
"""

from __future__ import annotations


class DossierError(Exception):
    """Something went wrong; `message` says what was found and expected, `hint` what mends it."""

    type = "error"
    status = 500

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return self.__class__, (self.message, self.hint)


class UsageError(DossierError):
    """The person who reads the message can mend the cause."""

    type = "usage"
    status = 400


class BadInput(UsageError):
    """A value is not of the expected form."""

    type = "bad_input"
    status = 422


class TooLarge(BadInput):
    """A file, text or request is over the limit."""

    type = "too_large"
    status = 413


class UnknownFormat(BadInput):
    """No reader knows this kind of file."""

    type = "unknown_format"
    status = 415


class UnreadableFile(UsageError):
    """A reader could not make text of the file."""

    type = "unreadable_file"
    status = 422


class NotFound(UsageError):
    """No dossier, document, version, job or answer has that name."""

    type = "not_found"
    status = 404


class Conflict(UsageError):
    """The name or the source is already taken."""

    type = "conflict"
    status = 409


class BadSettings(UsageError):
    """The settings hold an unknown key or an impossible value."""

    type = "bad_settings"


class ModelMissing(UsageError):
    """A model file is absent and could not be fetched."""

    type = "model_missing"
    status = 503


class ModelAltered(UsageError):
    """A model file's sha256 is not the one in the manifest."""

    type = "model_altered"
    status = 503


class ModelFailed(UsageError):
    """A language model did not answer, or not in time."""

    type = "model_failed"
    status = 503


class EmbedderChanged(UsageError):
    """The library's vectors were made by another embedder than the configured one."""

    type = "embedder_changed"
    status = 409


class NotInstalled(UsageError):
    """An optional package is needed and missing."""

    type = "not_installed"


class LibraryBusy(UsageError):
    """Another process owns the data folder; `pid` and `address` say which, where known."""

    type = "library_busy"
    status = 409

    def __init__(self, message: str, hint: str = "", *, pid: int | None = None, address: str | None = None) -> None:
        super().__init__(message, hint)
        self.pid = pid
        self.address = address


class LibraryDamaged(UsageError):
    """The library file cannot be trusted."""

    type = "library_damaged"
    status = 503


class IndexDamaged(UsageError):
    """A search index cannot be used; it is thrown away and rebuilt from the library."""

    type = "index_damaged"
    status = 503


class IndexUnreachable(UsageError):
    """The server that keeps a search index does not answer, or not in time; it is asked again later."""

    type = "index_unreachable"
    status = 503


class StorageFull(UsageError):
    """The data folder has no room or cannot be written."""

    type = "storage_full"
    status = 507


class AddressInUse(UsageError):
    """Another program listens on the port."""

    type = "address_in_use"


class Refused(UsageError):
    """A key, an origin, a host or an address is not allowed."""

    type = "refused"
    status = 403


class Overloaded(UsageError):
    """Too many questions are waiting; `retry_after` is in seconds."""

    type = "overloaded"
    status = 429

    def __init__(self, message: str, hint: str = "", *, retry_after: int = 1) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class Cancelled(UsageError):
    """The caller asked to stop."""

    type = "cancelled"
    status = 409


class ProgrammingError(DossierError):
    """A promise between two parts of Dossier was broken: please report it."""

    type = "internal"

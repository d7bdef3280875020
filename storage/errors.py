"""Every error that earmark raises on purpose.

The branch decides what happens next: a transient error is worth another try, a permanent one is not.

    EarmarkError
    ├── TransientError               the same call may succeed later
    │   ├── NetworkError             no answer, a broken connection, a name that did not resolve
    │   │   ├── ServerError          the server answered 5xx
    │   │   ├── RateLimited          the server answered 429; `retry_after` says for how long
    │   │   └── TooSlow              the deadline passed or the rate fell below the minimum
    │   ├── StorageFull              no room left on the disk
    │   ├── LedgerUnavailable        the database cannot be reached or written
    │   ├── EngineDiffers            this worker has another engine than the one the job was begun with
    │   ├── StorageUnavailable       the object store does not answer, or not to the end
    │   ├── StepBusy                 another process holds the lease of this step
    │   └── LeaseLost                this process held the lease too long; its result was refused
    └── PermanentError               the same call would fail again
        ├── SourceError              what was asked for cannot be used
        │   ├── AddressRefused       an address the service must not connect to
        │   ├── NotFound             404, 410, or no such file
        │   ├── Forbidden            401, 403 and the like
        │   ├── TooManyRedirects     a loop, or more hops than allowed
        │   ├── TooLarge             over the cap on bytes, items, or seconds
        │   ├── NotAudio             the bytes are a page, a playlist, an image …
        │   ├── BrokenAudio          audio by its first bytes, but it cannot be decoded
        │   ├── NotAFeed             neither RSS nor Atom nor OPML
        │   ├── NoEpisode            a feed or page without any episode that has audio
        │   ├── NoMatch              the selection matched no episode
        │   ├── BadChapters          a chapter file that cannot be read
        │   └── BadTranscript        a publisher's transcript that cannot be read
        ├── EngineError              a speech engine cannot run as asked
        │   ├── EngineUnavailable    its library or device is missing
        │   ├── ModelMissing         the model is not on disk and could not be fetched
        │   ├── ModelInvalid         the folder is not a model of this engine
        │   └── AccessDenied         a gated model without token or accepted licence
        ├── OutputError              the output cannot be written
        ├── OptionError              options that contradict each other or the input
        │   └── QueryInvalid         a search that cannot be understood, or asks for too much
        ├── StorageRefused           the object store will not have us: credentials, rights, bucket
        ├── Conflict                 what was asked for does not go with what was asked before
        ├── CorruptBlob              a stored artefact does not match its name
        ├── IndexDamaged             the search index's file is no database any more
        ├── BadSignature             a webhook's message that is not from who knows the secret
        ├── KeepsDying               a process of the service that died again and again
        ├── Poisoned                 a step that failed as often as it may
        ├── JobFailed                a job that was waited for failed
        └── Cancelled                a person stopped the job
"""

from __future__ import annotations


class EarmarkError(Exception):
    """Something that earmark can explain: what happened, and in `hint` what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword arguments when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.message, self.__dict__.copy()))


def _rebuild(kind: type[EarmarkError], message: str, state: dict[str, object]) -> EarmarkError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class TransientError(EarmarkError):
    """The same call may succeed later."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        """Seconds that the other side asked us to wait, if it said so."""


class NetworkError(TransientError):
    """No answer, a broken connection, or a name that did not resolve."""


class ServerError(NetworkError):
    """The server answered 5xx."""


class RateLimited(NetworkError):
    """The server answered 429."""


class TooSlow(NetworkError):
    """The deadline passed, or bytes came slower than the minimum rate."""


class StorageFull(TransientError):
    """No room is left on the disk."""


class LedgerUnavailable(TransientError):
    """The ledger's database cannot be reached or written."""


class EngineDiffers(TransientError):
    """This worker would hear with another engine or model than the job was begun with."""


class StorageUnavailable(TransientError):
    """The object store does not answer, answers 5xx, or breaks off."""


class StepBusy(TransientError):
    """Another process holds the lease of this step."""


class LeaseLost(TransientError):
    """The lease of this step went to another process; the late result was refused."""


class PermanentError(EarmarkError):
    """The same call would fail again."""


class SourceError(PermanentError):
    """What was asked for cannot be used."""


class AddressRefused(SourceError):
    """An address that the service must not connect to."""


class NotFound(SourceError):
    """404, 410, or no such file."""


class Forbidden(SourceError):
    """The server refused: 401, 403, or another 4xx."""


class TooManyRedirects(SourceError):
    """A redirect loop, or more hops than allowed."""


class TooLarge(SourceError):
    """More bytes, items, or seconds than allowed."""


class NotAudio(SourceError):
    """The bytes are not audio: a page, a playlist, an image."""


class BrokenAudio(SourceError):
    """Audio by its first bytes, but nothing could be decoded."""


class NotAFeed(SourceError):
    """Neither RSS nor Atom nor OPML."""


class NoEpisode(SourceError):
    """A feed or page without any episode that has audio."""


class NoMatch(SourceError):
    """The selection matched no episode."""


class BadChapters(SourceError):
    """A chapter file that cannot be read."""


class BadTranscript(SourceError):
    """A publisher's transcript that cannot be read."""


class EngineError(PermanentError):
    """A speech engine cannot run as asked."""


class EngineUnavailable(EngineError):
    """The engine's library or device is missing on this machine."""


class ModelMissing(EngineError):
    """The model is not on disk and could not be fetched."""


class ModelInvalid(EngineError):
    """The folder is not a model of this engine."""


class AccessDenied(EngineError):
    """A gated model without a token or an accepted licence."""


class OutputError(PermanentError):
    """The output cannot be written."""


class OptionError(PermanentError):
    """Options that contradict each other or the input."""


class QueryInvalid(OptionError):
    """A search that cannot be understood, or asks for too much at once."""


class StorageRefused(PermanentError):
    """The object store refused: wrong or missing credentials, a right that is missing, or no such bucket."""


class Conflict(PermanentError):
    """What was asked for does not go with what was asked before."""


class CorruptBlob(PermanentError):
    """A stored artefact does not match its name."""


class IndexDamaged(PermanentError):
    """The search index's file is no database any more; it can be made anew from the transcripts."""


class BadSignature(PermanentError):
    """A webhook's message that is tampered with, too old, or not from who knows the secret."""


class KeepsDying(PermanentError):
    """A process of the service died again and again, and is not started any more."""


class Poisoned(PermanentError):
    """A step that failed as often as it may."""


class JobFailed(PermanentError):
    """A job that was waited for failed."""


class Cancelled(PermanentError):
    """A person stopped the job."""

"""Every error that vhealthd raises on purpose. Each message says what happened and what to do about it.

VhealthdError
├── ConfigError              the configuration cannot be used (exit 78)
├── UsageError               the command line names something that is not there (exit 64)
├── OutputError              a report cannot be written (exit 74)
│   └── PdfError                 the PDF cannot be made; the other files can
├── StateError               the state directory or its database cannot be used (exit 74)
├── ListenError              the address of http.listen cannot be had (exit 74)
├── CheckDefinitionError     a check's file is wrong; found when the catalogue is made
├── UndeclaredNeedError      a check read data that it did not declare
├── DeliveryError            a sink did not take a delivery
│   ├── DeliveryRefusedError     for good: trying again would not help
│   └── DeliveryDelayedError     for now: it is tried again later
└── VCenterError             a vCenter did not give what was asked
    ├── ConnectionFailedError    no usable connection: name, route, port, TLS, time-out
    │   ├── NameNotResolvedError
    │   └── CertificateError
    ├── LoginFailedError         vCenter answers, but gives no session: password, lock, federation
    ├── SessionLostError         a session was ended by vCenter again and again
    ├── NotPermittedError        the account lacks a privilege
    ├── NotSupportedError        this release does not have what was asked
    ├── FaultError               VI JSON answered with a fault
    └── BadAnswerError           the answer is not what the API promises: HTML, cut, wrong shape
"""

from collections.abc import Mapping

from pydantic import JsonValue


class VhealthdError(Exception):
    """Root of the tree above."""


class ConfigError(VhealthdError):
    """The configuration cannot be used."""


class UsageError(VhealthdError):
    """The command line names something that is not there."""


class OutputError(VhealthdError):
    """A report cannot be written."""


class PdfError(OutputError):
    """The PDF cannot be made."""


class StateError(VhealthdError):
    """The state directory or its database cannot be used."""


class ListenError(VhealthdError):
    """The address of http.listen cannot be had."""


class CheckDefinitionError(VhealthdError):
    """A check's file is wrong."""


class UndeclaredNeedError(VhealthdError):
    """A check read data that it did not declare in `needs`."""


class DeliveryError(VhealthdError):
    """A sink did not take a delivery.

    `progress` is what the sink wants to remember for the next attempt; None leaves it as it was.
    """

    def __init__(self, message: str, *, progress: Mapping[str, JsonValue] | None = None) -> None:
        super().__init__(message)
        self.progress = progress


class DeliveryRefusedError(DeliveryError):
    """It is refused for good: trying again would not help."""


class DeliveryDelayedError(DeliveryError):
    """It cannot be delivered now. `retry_after` is the least number of seconds that the sink asks to wait."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, progress: Mapping[str, JsonValue] | None = None
    ) -> None:
        super().__init__(message, progress=progress)
        self.retry_after = retry_after


class VCenterError(VhealthdError):
    """A vCenter did not give what was asked."""


class ConnectionFailedError(VCenterError):
    """There is no usable connection to the vCenter."""


class NameNotResolvedError(ConnectionFailedError):
    """The vCenter's host name has no address."""


class CertificateError(ConnectionFailedError):
    """The vCenter's certificate is not trusted, or is not the pinned one."""


class UnavailableError(ConnectionFailedError):
    """The vCenter answers 429, 502, 503 or 504."""


class LoginFailedError(VCenterError):
    """The vCenter answers but gives no session."""


class SessionLostError(VCenterError):
    """The vCenter ended the session again and again."""


class NotPermittedError(VCenterError):
    """The account lacks a privilege."""


class NotSupportedError(VCenterError):
    """This release of vCenter does not have what was asked."""


class FaultError(VCenterError):
    """VI JSON answered with a fault.

    `name` is the fault's type, for example `ManagedObjectNotFound`; `detail` its remaining fields.
    """

    def __init__(self, message: str, *, name: str, detail: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.detail = detail or {}


class BadAnswerError(VCenterError):
    """The answer is not what the API promises."""

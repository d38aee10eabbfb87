"""Says what an error of S3 means: which are for good, which are for now, and what is to be done."""

from datetime import datetime
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from vhealthd import redaction
from vhealthd.config import S3Settings
from vhealthd.delivery.retryafter import retry_after
from vhealthd.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.report.mailbody import plain

_SAID = 300

# Whatever their HTTP status: stores differ.
_FOR_NOW = {
    "BandwidthLimitExceeded",
    "BadDigest",
    "InternalError",
    "NoSuchUpload",
    "OperationAborted",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "XAmzContentSHA256Mismatch",
}
_ELSEWHERE = {
    "301",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "IncorrectEndpoint",
    "PermanentRedirect",
}
_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"}
_TOO_MANY, _SERVER, _FORBIDDEN = 429, 500, 403

# What each operation needs; HEAD says 403 for an object that is not there to whoever may not list.
_PERMISSIONS = {
    "HeadObject": ("s3:GetObject", "s3:ListBucket"),
    "GetObject": ("s3:GetObject", "s3:ListBucket"),
    "AbortMultipartUpload": ("s3:AbortMultipartUpload",),
}


def translated(error: ClientError | BotoCoreError, settings: S3Settings, key: str, now: datetime) -> DeliveryError:
    """Return our error for one of S3."""
    if isinstance(error, ClientError):
        return _of_answer(error, settings, f"s3://{settings.bucket}/{key}", now)
    where = settings.endpoint_url or "S3"
    match error:
        case exceptions.ParamValidationError():
            return DeliveryRefusedError(f"s3 in the configuration is not as S3 wants it: {_clean(error)}")
        case exceptions.SSLError():
            return DeliveryDelayedError(
                f"the certificate of {where} is not trusted ({_clean(error)}); put the authority that signed it into "
                "s3.ca_file"
            )
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            return DeliveryDelayedError(
                "there are no credentials for S3; set s3.access_key_id and s3.secret_access_key, or give them in one "
                "of AWS's own ways: environment, profile, role of the machine"
            )
        case _:
            return DeliveryDelayedError(f"{where}: {_clean(error)}")


def _of_answer(error: ClientError, settings: S3Settings, target: str, now: datetime) -> DeliveryError:
    answer = error.response
    code = str(answer["Error"].get("Code", ""))
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    said = _clean(f"{code}: {answer['Error'].get('Message', '')}")
    if code in _FOR_NOW or status == _TOO_MANY or status >= _SERVER:
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return DeliveryDelayedError(
            f"{target}: the store cannot take it now ({said})", retry_after=retry_after(headers.get("retry-after"), now)
        )
    if code == "ExpiredToken":
        return DeliveryDelayedError(f"{target}: the credentials have expired ({said}); renew them")
    if code == "RequestTimeTooSkewed":
        return DeliveryDelayedError(f"{target}: the clock of this machine and the store's differ ({said}); set it")
    return DeliveryRefusedError(_final(error, settings, target, (code, status, said)))


def _final(error: ClientError, settings: S3Settings, target: str, facts: tuple[str, int, str]) -> str:
    """Say why something is refused for good, and what to do about it."""
    code, status, said = facts
    if code == "NoSuchBucket":
        return f"there is no bucket {settings.bucket}; create it, or correct s3.bucket"
    if code in _ELSEWHERE:
        region = _region(error)
        advice = f"set s3.region to {region}" if region else "set s3.region to the bucket's"
        return f"the bucket {settings.bucket} is in another region ({said}); {advice}"
    if code in _KEYS:
        return f"{target}: the store does not accept the access key ({said}); correct s3.access_key_id and its secret"
    if status == _FORBIDDEN:
        lacking = " and ".join(_permissions(error.operation_name, settings))
        return f"{target}: access is denied at {error.operation_name} ({said}); the account needs {lacking}"
    return f"{target}: refused at {error.operation_name} with HTTP {status} ({said})"


def _permissions(operation: str, settings: S3Settings) -> list[str]:
    """Name what the account needs for an operation; for a write that depends on what is told of the object."""
    if operation in _PERMISSIONS:
        return list(_PERMISSIONS[operation])
    wanted = (
        ("s3:PutObject", True),
        ("s3:PutObjectTagging", settings.tags),
        ("s3:PutObjectRetention", settings.object_lock),
        ("kms:GenerateDataKey and kms:Decrypt", settings.sse == "aws:kms"),
    )
    return [name for name, needed in wanted if needed]


def _region(error: ClientError) -> str | None:
    answer: dict[str, Any] = dict(error.response)
    named = answer["Error"].get("Region") or answer["ResponseMetadata"].get("HTTPHeaders", {}).get(
        "x-amz-bucket-region"
    )
    return None if named is None else plain(str(named), 40)


def _clean(said: object) -> str:
    return redaction.clean(plain(str(said), _SAID))

"""Archives files in S3 or in a store like it. An object is written once: one that is there is never written over."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aioboto3
import structlog
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, ClientError

from vhealthd.config import S3Settings
from vhealthd.delivery import payloads
from vhealthd.delivery.outbox import Clock
from vhealthd.delivery.parcels import S3
from vhealthd.delivery.payloads import ObjectPayload
from vhealthd.delivery.s3errors import translated
from vhealthd.errors import DeliveryDelayedError, DeliveryRefusedError
from vhealthd.model import Delivery

log = structlog.get_logger(__name__)

# A file from this size on goes in parts of this size, so that no more of it is in memory.
PART = 16 << 20
_BLOCK = 1 << 20
_FAREWELL = 5.0  # seconds to take back what was begun; meanwhile the service may be stopping
_NOT_FOUND, _TOO_MANY = 404, 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """SHA-256 of a file: of the whole, and of each of its parts."""

    size: int
    whole: bytes
    parts: tuple[bytes, ...]

    @property
    def hex(self) -> str:
        """The whole as it stands in the object's metadata."""
        return self.whole.hex()

    @property
    def composite(self) -> str:
        """The checksum that S3 gives an object that came in parts: over the checksums of the parts."""
        return f"{_base64(hashlib.sha256(b''.join(self.parts)).digest())}-{len(self.parts)}"


class S3Sink:
    """Archives files as the settings say at that moment. `part` is the size of a part in bytes."""

    name = S3

    def __init__(self, settings: Callable[[], S3Settings | None], *, clock: Clock, part: int = PART) -> None:
        self._settings = settings
        self._clock = clock
        self._part = part

    async def deliver(self, delivery: Delivery) -> None:
        """Put a file under its key, unless it is there already. Raises DeliveryError."""
        settings = self._settings()
        if settings is None:
            raise DeliveryDelayedError("s3 is no longer in the configuration; the delivery waits until it expires")
        file = delivery.parcel.file
        if file is None:
            raise DeliveryRefusedError("there is no file in this parcel; scan again")
        payload = payloads.read(delivery.parcel, ObjectPayload)
        try:
            digest = await asyncio.to_thread(digest_of, file, self._part)
            upload = _Upload(settings, payload, file, digest, self._part, self._clock())
            await self._put(upload)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, settings, payload.key, self._clock()) from error
        except FileNotFoundError as error:
            raise payloads.gone(file, error) from error

    async def _put(self, upload: "_Upload") -> None:
        settings = upload.settings
        keys = await asyncio.to_thread(_keys, settings)
        async with _session(await asyncio.to_thread(_descriptions)).client(
            "s3",
            endpoint_url=settings.endpoint_url,
            # a store of one's own wants some region in signatures, and seldom cares which
            region_name=settings.region or ("us-east-1" if settings.endpoint_url else None),
            verify=None if settings.ca_file is None else str(settings.ca_file),
            config=_config(settings),
            **keys,
        ) as client:
            if await upload.is_there(client):
                log.info("the archive has it already", key=upload.payload.key)
            elif upload.digest.size < self._part:
                await upload.at_once(client)
            else:
                await upload.in_parts(client)


@dataclass(frozen=True, slots=True)
class _Upload:
    """One file on its way to one key."""

    settings: S3Settings
    payload: ObjectPayload
    file: Path
    digest: Digest
    part: int
    now: datetime

    async def is_there(self, client: Any) -> bool:  # noqa: ANN401 - botocore makes its clients at run time
        """Return whether the object is there with the same content. Raises DeliveryRefusedError for another content."""
        head = await self._look(client)
        if head is None:
            return False
        same = _same(head, self.digest)
        if same:
            return True
        what = "of which the store tells no SHA-256" if same is None else "with other content (by its SHA-256)"
        raise DeliveryRefusedError(
            f"s3://{self.settings.bucket}/{self.payload.key} is there already, {what}; it is not written over. "
            "Look what it is, and remove it or change s3.prefix"
        )

    async def _look(self, client: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - see above
        """Return what the store tells of the object; None if it is not there."""
        try:
            told: Mapping[str, Any] = await client.head_object(**self._place, ChecksumMode="ENABLED")
        except ClientError as error:
            if _status(error) == _NOT_FOUND:
                return None
            if _status(error) >= _TOO_MANY:
                raise
        else:
            return told
        # An answer to HEAD has no body that could say why. One to GET has, and from it the library learns the region.
        try:
            answer: Mapping[str, Any] = await client.get_object(**self._place, ChecksumMode="ENABLED")
        except ClientError as error:
            if _status(error) == _NOT_FOUND:
                return None
            raise
        answer["Body"].close()
        return answer

    async def at_once(self, client: Any) -> None:  # noqa: ANN401 - see above
        """Put the file with one request."""
        body = await asyncio.to_thread(self.file.read_bytes)
        checksum = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": _base64(self.digest.whole)}
        await client.put_object(**self._place, **self._about, **checksum, Body=body)

    async def in_parts(self, client: Any) -> None:  # noqa: ANN401 - see above
        """Put the file part by part; what was put is removed again if a part fails."""
        begun = await client.create_multipart_upload(**self._place, **self._about, ChecksumAlgorithm="SHA256")
        upload = {**self._place, "UploadId": begun["UploadId"]}
        try:
            done = [await self._put_part(client, upload, number) for number in range(1, len(self.digest.parts) + 1)]
            await client.complete_multipart_upload(**upload, MultipartUpload={"Parts": done})
        except BaseException:
            await self._abort(client, upload)
            raise

    async def _put_part(self, client: Any, upload: Mapping[str, str], number: int) -> dict[str, Any]:  # noqa: ANN401
        body = await asyncio.to_thread(_read, self.file, (number - 1) * self.part, self.part)
        checksum = {"ChecksumSHA256": _base64(self.digest.parts[number - 1])}
        part = {**upload, "PartNumber": number, "ChecksumAlgorithm": "SHA256", **checksum}
        answer = await client.upload_part(**part, Body=body)
        return {"PartNumber": number, "ETag": answer["ETag"], **checksum}

    async def _abort(self, client: Any, upload: Mapping[str, str]) -> None:  # noqa: ANN401 - see above
        try:
            async with asyncio.timeout(_FAREWELL):
                await client.abort_multipart_upload(**upload)
        except (ClientError, BotoCoreError, TimeoutError) as error:
            log.warning("parts are left in the archive", key=self.payload.key, error=str(error) or "no answer in time")

    @property
    def _place(self) -> dict[str, str]:
        return {"Bucket": self.settings.bucket, "Key": self.payload.key}

    @property
    def _about(self) -> dict[str, Any]:
        """Return what is told of the object besides its content."""
        settings = self.settings
        about = {
            "ContentType": self.payload.content_type,
            "Metadata": {"sha256": self.digest.hex},  # for stores that keep no checksums
            "Tagging": urlencode(settings.tags, quote_via=quote) or None,
            "ServerSideEncryption": settings.sse,
            "SSEKMSKeyId": settings.kms_key_id,
            "StorageClass": settings.storage_class,
            **self._lock,
        }
        return {name: value for name, value in about.items() if value is not None}

    @property
    def _lock(self) -> dict[str, Any]:
        """Return the retention; none where it has ended meanwhile, because S3 takes none of the past."""
        lock = self.settings.object_lock
        until = self.payload.finished + timedelta(days=lock.days) if lock else self.now
        if not lock or until <= self.now:
            return {}
        return {"ObjectLockMode": lock.mode.upper(), "ObjectLockRetainUntilDate": until}


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def _session(descriptions: Any) -> aioboto3.Session:  # noqa: ANN401 - botocore has no types
    """Make a session; a new one each time, because it remembers credentials that may have changed meanwhile."""
    core = AioSession()
    core.register_component("data_loader", descriptions)
    return aioboto3.Session(botocore_session=core)


@cache
def _descriptions() -> Any:  # noqa: ANN401 - botocore has no types
    """Return what botocore has read of its descriptions of S3 once it made a client.

    Reading them takes a third of a second, and would hold the event loop. So this is to be called in a thread.
    """
    core = AioSession()

    async def make_one() -> None:
        async with aioboto3.Session("none", "none", botocore_session=core).client("s3", region_name="us-east-1"):
            pass

    asyncio.run(make_one())
    return core.get_component("data_loader")


def _config(settings: S3Settings) -> AioConfig:
    return AioConfig(
        connect_timeout=10,
        read_timeout=60,
        # the outbox repeats, and it remembers
        retries={"total_max_attempts": 1, "mode": "standard"},
        # a store of one's own seldom has a name in DNS for each bucket
        s3={"addressing_style": "path" if settings.endpoint_url else "auto"},
        # we send SHA-256 ourselves; older stores do not understand what would be added
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _keys(settings: S3Settings) -> dict[str, str]:
    """Return the keys of the configuration; without them AWS's own ways are tried. Raises ConfigError."""
    if settings.access_key_id is None or settings.secret_access_key is None:
        return {}
    return {
        "aws_access_key_id": settings.access_key_id.read(),
        "aws_secret_access_key": settings.secret_access_key.read(),
    }


def _same(head: Mapping[str, Any], digest: Digest) -> bool | None:
    """Return whether an object has this content; None where that cannot be known.

    An object that came in parts of another size has another checksum; then what we noted ourselves tells.
    """
    checksum = head.get("ChecksumSHA256")
    # not every store writes the number of parts behind the checksum
    if checksum in (_base64(digest.whole), digest.composite, digest.composite.partition("-")[0]):
        return True
    came_in_parts = "-" in head.get("ETag", "")
    if checksum and not came_in_parts:
        return False
    noted = head.get("Metadata", {}).get("sha256")
    return None if noted is None else bool(noted == digest.hex)


def digest_of(file: Path, part: int) -> Digest:
    """Read a file once, and return its checksums. Raises OSError."""
    whole, size = hashlib.sha256(), 0
    parts = []
    with file.open("rb") as stream:
        while block := stream.read(min(_BLOCK, part - size % part)):
            if size % part == 0:
                parts.append(hashlib.sha256())
            whole.update(block)
            parts[-1].update(block)
            size += len(block)
    return Digest(size=size, whole=whole.digest(), parts=tuple(one.digest() for one in parts))


def _read(file: Path, start: int, size: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(start)
        return stream.read(size)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()

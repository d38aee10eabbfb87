"""The archive through real sockets: what arrives, that nothing is written over, and what each error means."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.s3 import MockS3, S3Fault
from tests.delivery.deliveries import NOW, SECRET, object_of, s3
from vhealthd.delivery import s3 as s3_sink
from vhealthd.delivery.retryafter import retry_after
from vhealthd.delivery.s3 import S3Sink, digest_of
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.model import Delivery

KEY = "prod/2026/11/21/20261121T060000Z-7f3a/vsphere-health-report-20261121-prod.pdf"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 40
PART = 5 << 20  # S3 takes no smaller ones, but for the last
LARGE = b"%PDF-1.7 " + bytes(2 * PART)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AWS's own way to credentials, and none of this machine's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mock")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
async def store() -> AsyncIterator[MockS3]:
    async with MockS3() as mock:
        await mock.make("reports")
        yield mock


def sink(store: MockS3, *, part: int = PART, now: datetime = NOW, **changes: Any) -> S3Sink:  # noqa: ANN401 - settings
    told = s3(endpoint_url=store.url, **changes)
    return S3Sink(lambda: told, clock=lambda: now, part=part)


async def failing(to: S3Sink, delivery: Delivery) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await to.deliver(delivery)
    return caught.value


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


# --- what arrives


async def test_a_file_arrives_with_its_checksum_and_its_type(store: MockS3, tmp_path: Path) -> None:
    await sink(store).deliver(object_of(tmp_path, PDF))

    content, headers = await store.get("reports", KEY)
    assert content == PDF
    assert headers["Content-Type"] == "application/pdf"
    assert headers["x-amz-checksum-sha256"] == sha256(PDF)
    assert headers["x-amz-meta-sha256"] == hashlib.sha256(PDF).hexdigest()
    assert await store.keys("reports") == [KEY]


async def test_it_takes_two_requests(store: MockS3, tmp_path: Path) -> None:
    await sink(store).deliver(object_of(tmp_path, PDF))

    assert [method for method, _ in store.requests] == ["HEAD", "PUT"]
    assert {path for _, path in store.requests} == {f"/reports/{KEY}"}, "the bucket is in the path, not in the host"


@pytest.mark.parametrize("content", [b"", b"x", LARGE[:PART], LARGE], ids=["empty", "small", "one part", "parts"])
async def test_files_of_any_size_arrive(store: MockS3, tmp_path: Path, content: bytes) -> None:
    await sink(store).deliver(object_of(tmp_path, content))

    assert (await store.get("reports", KEY))[0] == content


async def test_a_large_file_goes_in_parts(store: MockS3, tmp_path: Path) -> None:
    await sink(store).deliver(object_of(tmp_path, LARGE))

    content, headers = await store.get("reports", KEY)
    assert content == LARGE
    assert headers["x-amz-meta-sha256"] == hashlib.sha256(LARGE).hexdigest()
    assert [method for method, _ in store.requests] == ["HEAD", "POST", "PUT", "PUT", "PUT", "POST"]


async def test_what_is_told_of_the_object(store: MockS3, tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "tags": {"team": "virtual machines/+x", "cost": "7"},
        "storage_class": "STANDARD_IA",
        "sse": "AES256",
    }
    await sink(store, **told).deliver(object_of(tmp_path, PDF))

    _, headers = await store.get("reports", KEY)
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-server-side-encryption"] == "AES256"
    assert await store.tags("reports", KEY) == {"team": "virtual machines/+x", "cost": "7"}


async def test_a_key_of_kms(store: MockS3, tmp_path: Path) -> None:
    await sink(store, sse="aws:kms", kms_key_id="1234abcd").deliver(object_of(tmp_path, PDF))

    _, headers = await store.get("reports", KEY)
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "1234abcd"


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["at once", "in parts"])
async def test_retention_counts_from_the_end_of_the_run(store: MockS3, tmp_path: Path, content: bytes) -> None:
    await store.make("locked", locks=True)
    delivery = object_of(tmp_path, content)
    await sink(store, bucket="locked", object_lock={"mode": "compliance", "days": 30}).deliver(delivery)

    locked = [one for one in store.headers if "x-amz-object-lock-mode" in one]
    (headers,) = locked  # at the put, or where the parts begin
    assert headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert headers["x-amz-object-lock-retain-until-date"].startswith("2026-12-21T06:00:12")


async def test_retention_that_has_ended_is_left_out(store: MockS3, tmp_path: Path) -> None:
    late = sink(store, now=NOW + timedelta(days=2), object_lock={"days": 1})
    await late.deliver(object_of(tmp_path, PDF))

    assert (await store.get("reports", KEY))[0] == PDF


# --- twice


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["at once", "in parts"])
async def test_a_repeat_writes_nothing(store: MockS3, tmp_path: Path, content: bytes) -> None:
    delivery = object_of(tmp_path, content)
    await sink(store).deliver(delivery)
    store.requests.clear()
    await sink(store).deliver(delivery)

    assert store.requests == [("HEAD", f"/reports/{KEY}")]


async def test_parts_of_another_size_make_no_other_object(store: MockS3, tmp_path: Path) -> None:
    delivery = object_of(tmp_path, LARGE)
    await sink(store).deliver(delivery)
    store.requests.clear()
    await sink(store, part=PART + 1024).deliver(delivery)

    assert store.count("PUT") == 0


async def test_a_reply_that_was_lost_makes_no_second_object(store: MockS3, tmp_path: Path) -> None:
    delivery = object_of(tmp_path, PDF)
    store.faults.append(S3Fault(method="PUT", reset=True, late=True))
    error = await failing(sink(store), delivery)
    store.requests.clear()
    await sink(store).deliver(delivery)

    assert isinstance(error, DeliveryDelayedError)
    assert store.requests == [("HEAD", f"/reports/{KEY}")]
    assert (await store.get("reports", KEY))[0] == PDF


@pytest.mark.parametrize("ours", [PDF, LARGE], ids=["at once", "in parts"])
async def test_another_object_is_never_written_over(store: MockS3, tmp_path: Path, ours: bytes) -> None:
    await store.put(
        "reports",
        KEY,
        b"theirs",
        {"x-amz-checksum-sha256": sha256(b"theirs"), "x-amz-sdk-checksum-algorithm": "SHA256"},
    )
    error = await failing(sink(store), object_of(tmp_path, ours))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith(f"s3://reports/{KEY} is there already, with other content (by its SHA-256)")
    assert (await store.get("reports", KEY))[0] == b"theirs"
    assert store.count("PUT") == store.count("POST") == 0


async def test_nor_is_one_of_which_nothing_is_known(store: MockS3, tmp_path: Path) -> None:
    await store.put("reports", KEY, PDF)
    error = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert "of which the store tells no SHA-256" in str(error)


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["at once", "in parts"])
async def test_a_store_that_knows_no_checksums_is_asked_what_we_noted(tmp_path: Path, content: bytes) -> None:
    delivery = object_of(tmp_path, content)
    async with MockS3(checksums=False) as store:
        await store.make("reports")
        await sink(store).deliver(delivery)
        store.requests.clear()
        await sink(store).deliver(delivery)
        assert store.requests == [("HEAD", f"/reports/{KEY}")]

        (tmp_path / "report.pdf").write_bytes(b"another")
        error = await failing(sink(store), delivery)
    assert "with other content" in str(error)


# --- errors


@pytest.mark.parametrize(
    ("method", "status", "code"),
    [
        ("HEAD", 503, ""),
        ("HEAD", 500, ""),
        ("HEAD", 429, ""),
        ("PUT", 503, "SlowDown"),
        ("PUT", 500, "InternalError"),
        ("PUT", 502, ""),
        ("PUT", 429, "TooManyRequests"),
        ("PUT", 400, "RequestTimeout"),
        ("PUT", 400, "BadDigest"),
        ("PUT", 409, "OperationAborted"),
    ],
)
async def test_trouble_of_the_store_is_for_now(
    store: MockS3, tmp_path: Path, method: str, status: int, code: str
) -> None:
    store.faults.append(S3Fault(method=method, status=status, code=code))
    error = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryDelayedError)
    assert error.retry_after is None
    assert store.count(method) == 1, "the outbox repeats, and not the library"


async def test_the_store_may_say_how_long_to_wait(store: MockS3, tmp_path: Path) -> None:
    store.faults.append(S3Fault(method="PUT", status=503, code="SlowDown", headers={"Retry-After": "77"}))
    error = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryDelayedError)
    assert error.retry_after == 77


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
async def test_a_connection_that_breaks_is_for_now(store: MockS3, tmp_path: Path, method: str) -> None:
    store.faults.append(S3Fault(method=method, reset=True))

    assert isinstance(await failing(sink(store), object_of(tmp_path, PDF)), DeliveryDelayedError)


async def test_no_store_at_all_is_for_now(tmp_path: Path) -> None:
    async with MockS3() as store:
        to = sink(store)

    assert isinstance(await failing(to, object_of(tmp_path, PDF)), DeliveryDelayedError)


async def test_a_store_that_is_slow_is_waited_for(store: MockS3, tmp_path: Path) -> None:
    go_on = asyncio.Event()
    store.faults.append(S3Fault(method="PUT", wait=go_on))
    delivering = asyncio.create_task(sink(store).deliver(object_of(tmp_path, PDF)))
    async with asyncio.timeout(10):
        await store.faults[0].struck.wait()
        go_on.set()
        await delivering

    assert (await store.get("reports", KEY))[0] == PDF


async def test_a_part_that_fails_leaves_nothing_behind(store: MockS3, tmp_path: Path) -> None:
    delivery = object_of(tmp_path, LARGE)
    store.faults.append(S3Fault(method="PUT", about="partNumber=2", status=503, code="SlowDown", times=1))
    error = await failing(sink(store), delivery)

    assert isinstance(error, DeliveryDelayedError)
    assert await store.uploads("reports") == []
    assert await store.keys("reports") == []
    await sink(store).deliver(delivery)
    assert (await store.get("reports", KEY))[0] == LARGE


async def test_parts_that_cannot_be_removed_do_not_hide_what_went_wrong(store: MockS3, tmp_path: Path) -> None:
    store.faults += [
        S3Fault(method="PUT", about="partNumber=2", status=503, code="SlowDown"),
        S3Fault(method="DELETE", status=403, code="AccessDenied"),
    ]
    error = await failing(sink(store), object_of(tmp_path, LARGE))

    assert "SlowDown" in str(error)


async def test_a_store_that_hangs_does_not_hold_up_the_end(
    store: MockS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_sink, "_FAREWELL", 0.05)
    never = asyncio.Event()
    store.faults += [S3Fault(method="PUT", about="partNumber=2", wait=never), S3Fault(method="DELETE", wait=never)]
    delivering = asyncio.create_task(sink(store).deliver(object_of(tmp_path, LARGE)))
    await store.faults[0].struck.wait()
    delivering.cancel()

    await asyncio.wait([delivering], timeout=10)

    assert delivering.cancelled()
    assert store.faults[1].struck.is_set()


async def test_a_bucket_that_is_not_there_is_for_good(store: MockS3, tmp_path: Path) -> None:
    error = await failing(sink(store, bucket="reborts"), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "there is no bucket reborts; create it, or correct s3.bucket"


@pytest.mark.parametrize(
    ("method", "told", "lacking"),
    [
        ("HEAD", {}, "s3:GetObject and s3:ListBucket"),
        ("PUT", {}, "s3:PutObject"),
        ("PUT", {"tags": {"a": "b"}}, "s3:PutObject and s3:PutObjectTagging"),
        ("PUT", {"object_lock": {"days": 9}}, "s3:PutObject and s3:PutObjectRetention"),
        ("PUT", {"sse": "aws:kms"}, "s3:PutObject and kms:GenerateDataKey and kms:Decrypt"),
    ],
)
async def test_denied_access_is_for_good_and_names_what_lacks(
    store: MockS3, tmp_path: Path, method: str, told: dict[str, Any], lacking: str
) -> None:
    denied = [method] if method == "PUT" else ["HEAD", "GET"]
    store.faults += [S3Fault(method=one, status=403, code="AccessDenied", message="Access Denied") for one in denied]
    error = await failing(sink(store, **told), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).endswith(f"the account needs {lacking}")
    assert f"s3://reports/{KEY}: access is denied at " in str(error)


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch"])
async def test_a_wrong_key_is_for_good_and_shown_to_nobody(store: MockS3, tmp_path: Path, code: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    own: dict[str, Any] = {"access_key_id": {"file": secret}, "secret_access_key": {"file": secret}}
    store.faults.append(S3Fault(method="PUT", status=403, code=code, message=f"what is {SECRET}?"))
    error = await failing(sink(store, **own), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert "does not accept the access key" in str(error)
    assert SECRET not in f"{error} {error!r}"


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestTimeTooSkewed"])
async def test_what_the_operator_may_put_right_meanwhile_is_for_now(store: MockS3, tmp_path: Path, code: str) -> None:
    store.faults.append(S3Fault(method="PUT", status=400 if code == "ExpiredToken" else 403, code=code))

    assert isinstance(await failing(sink(store), object_of(tmp_path, PDF)), DeliveryDelayedError)


async def test_another_region_is_for_good_and_named(store: MockS3, tmp_path: Path) -> None:
    elsewhere = {"x-amz-bucket-region": "eu-central-1"}
    store.faults.append(S3Fault(method="PUT", status=301, code="PermanentRedirect", headers=elsewhere))
    store.faults.append(S3Fault(method="HEAD", about="/reports?", status=301, headers=elsewhere))
    error = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).endswith("set s3.region to eu-central-1")


async def test_a_question_that_is_refused_without_a_reason_is_asked_in_another_way(
    store: MockS3, tmp_path: Path
) -> None:
    store.faults.append(S3Fault(method="HEAD", status=400))
    store.faults.append(S3Fault(method="GET", status=400, code="AuthorizationHeaderMalformed", times=1))
    store.faults.append(S3Fault(method="GET", status=400, code="ExpiredToken"))
    region = await failing(sink(store), object_of(tmp_path, PDF))
    token = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(region, DeliveryRefusedError)
    assert "set s3.region to the bucket's" in str(region)
    assert isinstance(token, DeliveryDelayedError)
    assert "the credentials have expired" in str(token)


async def test_what_is_there_is_found_in_another_way_too(store: MockS3, tmp_path: Path) -> None:
    delivery = object_of(tmp_path, PDF)
    await sink(store).deliver(delivery)
    store.requests.clear()
    store.faults.append(S3Fault(method="HEAD", status=400))
    await sink(store).deliver(delivery)

    assert store.count("PUT") == 0


async def test_what_s3_refuses_in_another_way_is_for_good(store: MockS3, tmp_path: Path) -> None:
    fault = S3Fault(method="PUT", status=400, code="InvalidStorageClass", message="no\nsuch\u202e class")
    store.faults.append(fault)
    error = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert "refused at PutObject with HTTP 400 (InvalidStorageClass: no such" in str(error)
    assert str(error).isprintable()


async def test_a_bucket_that_cannot_be_named_so_is_for_good(store: MockS3, tmp_path: Path) -> None:
    error = await failing(sink(store, bucket="not a bucket!"), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)


async def test_without_credentials_it_waits_for_some(
    store: MockS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    error = await failing(sink(store), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryDelayedError)
    assert "s3.access_key_id" in str(error)


async def test_keys_are_read_for_each_attempt(store: MockS3, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    own: dict[str, Any] = {"access_key_id": {"file": secret}, "secret_access_key": {"file": secret}}
    with pytest.raises(ConfigError):
        await sink(store, **own).deliver(object_of(tmp_path, PDF))
    secret.write_text(SECRET)
    await sink(store, **own).deliver(object_of(tmp_path, PDF))

    assert await store.keys("reports") == [KEY]


async def test_a_file_that_is_gone_is_for_good(store: MockS3, tmp_path: Path) -> None:
    delivery = object_of(tmp_path, PDF)
    (tmp_path / "report.pdf").unlink()
    error = await failing(sink(store), delivery)

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith(f"{tmp_path / 'report.pdf'} cannot be read (No such file or directory)")
    assert store.requests == []


async def test_an_archive_that_is_no_longer_configured_waits(tmp_path: Path) -> None:
    error = await failing(S3Sink(lambda: None, clock=lambda: NOW), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryDelayedError)


async def test_a_parcel_without_a_file_says_so(store: MockS3, tmp_path: Path) -> None:
    delivery = object_of(tmp_path, PDF)
    empty = replace(delivery, parcel=replace(delivery.parcel, file=None))

    assert isinstance(await failing(sink(store), empty), DeliveryRefusedError)


# --- checksums, and how long to wait


@given(st.binary(max_size=200), st.integers(1, 50))
def test_a_file_is_read_once_for_all_its_checksums(content: bytes, part: int) -> None:
    import tempfile  # noqa: PLC0415 - the fixture is one for all examples

    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        got = digest_of(Path(file.name), part)

    pieces = [content[at : at + part] for at in range(0, len(content), part)]
    assert got.size == len(content)
    assert got.hex == hashlib.sha256(content).hexdigest()
    assert got.parts == tuple(hashlib.sha256(piece).digest() for piece in pieces)
    assert got.composite == f"{sha256(b''.join(got.parts))}-{len(pieces)}"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 06:02:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 05:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 11, 21, 6, 1, tzinfo=UTC)) == seconds

"""The archive in a real S3 server that checks signatures and checksums."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.delivery.deliveries import NOW, object_of, s3
from tests.peers.versitygw import VersityGw, versitygw
from vhealthd.delivery import s3 as delivery_s3
from vhealthd.delivery.s3 import PART, S3Sink
from vhealthd.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.model import Delivery

KEY = "prod/2026/11/21/20261121T060000Z-7f3a/vsphere-health-report-20261121-prod.pdf"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 40
LARGE = b"%PDF-1.7 " + bytes(2 * PART)


@pytest.fixture
async def server() -> AsyncIterator[VersityGw]:
    async with versitygw() as running:
        running.make("reports")
        yield running


def sink(server: VersityGw, folder: Path, *, secret: str | None = None, **changes: object) -> S3Sink:
    keys = {"access_key_id": server.access_key_id, "secret_access_key": secret or server.secret_access_key}
    for name, value in keys.items():
        (folder / name).write_text(value)
    told = s3(
        **{
            "endpoint_url": server.url,
            "ca_file": server.ca_file,
            **{name: {"file": folder / name} for name in keys},
            **changes,
        }
    )
    return S3Sink(lambda: told, clock=lambda: NOW)


async def failing(to: S3Sink, delivery: Delivery) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await to.deliver(delivery)
    return caught.value


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["at once", "in parts"])
async def test_a_file_arrives_once(server: VersityGw, tmp_path: Path, content: bytes) -> None:
    delivery = object_of(tmp_path, content)
    await sink(server, tmp_path).deliver(delivery)
    first = server.objects("reports")
    written = (server.folder / "buckets/reports" / KEY).stat().st_mtime_ns
    await sink(server, tmp_path).deliver(delivery)

    assert first == server.objects("reports") == {KEY: content}
    assert (server.folder / "buckets/reports" / KEY).stat().st_mtime_ns == written, "a repeat writes nothing"


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["at once", "in parts"])
async def test_another_object_is_never_written_over(server: VersityGw, tmp_path: Path, content: bytes) -> None:
    await sink(server, tmp_path).deliver(object_of(tmp_path, b"theirs"))
    error = await failing(sink(server, tmp_path), object_of(tmp_path, content))

    assert isinstance(error, DeliveryRefusedError)
    assert "with other content (by its SHA-256)" in str(error)
    assert server.objects("reports") == {KEY: b"theirs"}


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["at once", "in parts"])
async def test_what_is_spoiled_on_the_way_is_not_taken(
    server: VersityGw, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = object_of(tmp_path, content)
    right = delivery_s3.digest_of

    def wrong(_file: Path, part: int) -> delivery_s3.Digest:
        other = tmp_path / "other"
        other.write_bytes(content[::-1])
        return right(other, part)

    monkeypatch.setattr(delivery_s3, "digest_of", wrong)  # as if the bytes had changed after they were read
    error = await failing(sink(server, tmp_path), delivery)

    assert isinstance(error, DeliveryDelayedError)
    assert server.objects("reports") == {}


async def test_tags_are_taken(server: VersityGw, tmp_path: Path) -> None:
    await sink(server, tmp_path, tags={"team": "virtual machines"}).deliver(object_of(tmp_path, PDF))

    assert server.objects("reports") == {KEY: PDF}


async def test_a_bucket_that_is_not_there_is_for_good(server: VersityGw, tmp_path: Path) -> None:
    error = await failing(sink(server, tmp_path, bucket="nowhere"), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == "there is no bucket nowhere; create it, or correct s3.bucket"


async def test_a_wrong_secret_is_for_good(server: VersityGw, tmp_path: Path) -> None:
    error = await failing(sink(server, tmp_path, secret="wrong-Pa55word"), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryRefusedError)
    assert "does not accept the access key (SignatureDoesNotMatch" in str(error)
    assert "wrong-Pa55word" not in str(error)
    assert server.objects("reports") == {}


async def test_a_store_that_names_its_region_is_believed(server: VersityGw, tmp_path: Path) -> None:
    await sink(server, tmp_path, region="eu-central-1").deliver(object_of(tmp_path, PDF))

    assert server.objects("reports") == {KEY: PDF}


async def test_a_certificate_that_is_not_trusted_ends_it(server: VersityGw, tmp_path: Path) -> None:
    error = await failing(sink(server, tmp_path, ca_file=None), object_of(tmp_path, PDF))

    assert isinstance(error, DeliveryDelayedError)
    assert "s3.ca_file" in str(error)

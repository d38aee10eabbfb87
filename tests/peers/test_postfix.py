"""Mail through a real mail server: what lies in the mailbox is what was sent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.delivery.deliveries import again, mail, mail_to
from tests.peers.postfix import Postfix, postfix
from vhealthd.delivery.payloads import MailPayload, read
from vhealthd.delivery.smtp import MailSink
from vhealthd.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.model import Delivery

OPS, TEAM, LATER, NOBODY = (f"{name}@example.com" for name in ("ops", "team", "later", "nobody"))


@pytest.fixture
async def server() -> AsyncIterator[Postfix]:
    async with postfix(("ops", "team")) as running:
        yield running


def sink(server: Postfix, folder: Path, *, typed: str | None = None, **changes: object) -> MailSink:
    secret = folder / "mail.password"
    secret.write_text(typed or server.password)
    told = mail(
        **{
            "host": "localhost",
            "port": server.port,
            "tls": "starttls",
            "ca_file": server.ca_file,
            "username": server.username,
            "password": {"file": secret},
            **changes,
        }
    )
    return MailSink(lambda: told)


async def failing(to: MailSink, delivery: Delivery) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await to.deliver(delivery)
    return caught.value


async def test_what_arrives_is_what_was_sent(server: Postfix, tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, OPS, TEAM)
    letter = read(delivery.parcel, MailPayload).letter
    await sink(server, tmp_path).deliver(delivery)

    for person in ("ops", "team"):
        (got,) = await server.mails(person, 1)
        assert (got["Subject"], got["Message-ID"]) == (letter.subject, letter.message_id)
        assert got["To"] == f"{OPS}, {TEAM}"
        assert [part.get_content_type() for part in got.walk()] == [
            "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf", "text/csv"
        ]  # fmt: skip
        for kind, said in (("plain", letter.text), ("html", letter.html)):
            body = got.get_body((kind,))
            assert body is not None
            assert body.get_content() == said
        assert [(part.get_filename(), part.get_payload(decode=True)) for part in got.iter_attachments()] == [
            ("vsphere-health-report-20261121-prod.pdf", b"%PDF-1.7 ..."),
            ("findings.csv", b"a,b\r\n"),
        ]
    assert "sasl_username=vhealthd" in server.log


async def test_a_repeat_carries_the_same_message_id(server: Postfix, tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, OPS)
    await sink(server, tmp_path).deliver(delivery)
    await sink(server, tmp_path).deliver(delivery)

    first, second = await server.mails("ops", 2)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


async def test_replies_for_single_recipients(server: Postfix, tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, OPS, NOBODY, LATER)
    first = await failing(sink(server, tmp_path), delivery)
    second = await failing(sink(server, tmp_path), again(delivery, first.progress))

    assert isinstance(first, DeliveryDelayedError)
    assert "450 4.7.1" in str(first)
    assert isinstance(second, DeliveryDelayedError)
    assert first.progress is not None
    assert first.progress["taken"] == [OPS]
    assert len(await server.mails("ops", 1)) == 1, "who has it gets it once"


async def test_nobody_is_refused_for_good(server: Postfix, tmp_path: Path) -> None:
    error = await failing(sink(server, tmp_path), mail_to(tmp_path, NOBODY))

    assert isinstance(error, DeliveryRefusedError)
    assert "550 5.1.1" in str(error)


async def test_a_wrong_password_is_refused_for_good(server: Postfix, tmp_path: Path) -> None:
    error = await failing(sink(server, tmp_path, typed="wrong-Pa55word"), mail_to(tmp_path, OPS))

    assert isinstance(error, DeliveryRefusedError)
    assert "535" in str(error)
    assert "wrong-Pa55word" not in str(error)


async def test_a_server_that_wants_encryption_gets_no_mail_in_plain(server: Postfix, tmp_path: Path) -> None:
    plain = {"tls": "plain", "ca_file": None, "username": None, "password": None}
    error = await failing(sink(server, tmp_path, **plain), mail_to(tmp_path, OPS))

    assert isinstance(error, DeliveryRefusedError)
    assert "530" in str(error)


async def test_a_certificate_that_is_not_trusted_ends_it(server: Postfix, tmp_path: Path) -> None:
    error = await failing(sink(server, tmp_path, ca_file=None), mail_to(tmp_path, OPS))

    assert isinstance(error, DeliveryDelayedError)
    assert "is not trusted" in str(error)

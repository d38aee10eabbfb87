"""Mail through real sockets: what is encrypted, who has it, and what each reply of a server means."""

from pathlib import Path
from typing import Any

import pytest

from mocks.smtp import DROP, STALL, MockSmtp, SmtpFault, Stage
from mocks.tls import Certificates, make_certificates
from tests.delivery.deliveries import SECRET, again, mail, mail_to, report
from vhealthd.delivery.outbox import NoObserver
from vhealthd.delivery.smtp import MailSink, is_loopback
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from vhealthd.model import Delivery
from vhealthd.report.mail import message_id

A, B, C = "a@example.com", "b@example.com", "c@example.com"
ACCOUNT = ("vhealthd", SECRET)


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return make_certificates()


@pytest.fixture
def ca_file(certificates: Certificates, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    file.write_bytes(certificates.ca)
    return file


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(SECRET + "\n")
    return file


class Counted(NoObserver):
    def __init__(self) -> None:
        self.attachments: list[str] = []

    def attachment(self, result: str) -> None:
        self.attachments.append(result)


def sink(server: MockSmtp, *, step: float = 5, observer: Counted | None = None, **changes: Any) -> MailSink:  # noqa: ANN401 - settings
    told = mail(port=server.port, **changes)
    return MailSink(lambda: told, step=step, observer=observer)


async def failing(to: MailSink, delivery: Delivery) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await to.deliver(delivery)
    return caught.value


# --- what arrives


async def test_a_mail_arrives_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    counted = Counted()
    async with MockSmtp() as server:
        await sink(server, observer=counted).deliver(mail_to(tmp_path, A, B))

    (got,) = server.mails
    assert (got.sender, got.recipients) == ("vhealthd@example.com", (A, B))
    message = got.message
    assert message["Subject"].startswith("[vhealthd] 2 CRITICAL 11 WARNING 1 UNKNOWN ")
    assert message["To"] == f"{A}, {B}"
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names == ["vsphere-health-report-20261121-prod.pdf", "findings.csv"]
    assert [part.get_content() for part in message.iter_attachments()] == [b"%PDF-1.7 ...", "a,b\r\n"]
    assert counted.attachments == ["attached"]


async def test_a_repeat_is_the_same_mail(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, A, B)
    async with MockSmtp() as server:
        await sink(server).deliver(delivery)
        await sink(server).deliver(delivery)

    first, second = server.mails
    assert first.data == second.data
    assert first.message["Message-ID"] == message_id(report().run_id, [A, B], "vhealthd@example.com")


async def test_a_line_with_a_dot_alone_does_not_end_the_mail(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path)
    letter = delivery.parcel.payload["letter"]
    assert isinstance(letter, dict)
    letter["text"] = "before\n.\n..\nafter\n"
    async with MockSmtp() as server:
        await sink(server).deliver(delivery)

    body = server.mails[0].message.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "before\r\n.\r\n..\r\nafter\r\n"


async def test_addresses_outside_of_ascii_want_a_server_that_takes_them(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, "jürgen@example.com")
    async with MockSmtp(smtputf8=True) as able, MockSmtp() as unable:
        await sink(able).deliver(delivery)
        error = await failing(sink(unable), delivery)

    assert able.mails[0].recipients == ("jürgen@example.com",)
    assert isinstance(error, DeliveryRefusedError)
    assert "SMTPUTF8" in str(error)


# --- encryption


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
async def test_an_encrypted_way_with_a_login(
    tmp_path: Path, mode: str, certificates: Certificates, ca_file: Path, password: Path
) -> None:
    encrypted: dict[str, Any] = {
        "tls": mode,
        "ca_file": ca_file,
        "username": ACCOUNT[0],
        "password": {"file": password},
    }
    async with MockSmtp(mode=mode, tls=certificates, account=ACCOUNT) as server:  # type: ignore[arg-type] # one of them
        await sink(server, **encrypted).deliver(mail_to(tmp_path))

    assert len(server.mails) == 1
    assert [said.split()[0] for said in server.heard] == (
        ["connect", "ehlo", "starttls", "ehlo", "auth", "mail", "rcpt", "data", "quit"]
        if mode == "starttls"
        else ["connect", "ehlo", "auth", "mail", "rcpt", "data", "quit"]
    )


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_signed_is_not_trusted(
    tmp_path: Path, mode: str, certificates: Certificates
) -> None:
    async with MockSmtp(mode=mode, tls=certificates) as server:  # type: ignore[arg-type] # one of them
        error = await failing(sink(server, tls=mode), mail_to(tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert f"the certificate of localhost:{server.port} is not trusted" in str(error)
    assert "mail.ca_file" in str(error)
    assert server.mails == []


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path, ca_file: Path) -> None:
    other = make_certificates()
    strange = tmp_path / "other.pem"
    strange.write_bytes(other.ca)
    async with MockSmtp(mode="starttls", tls=other) as server:
        error = await failing(sink(server, tls="starttls", ca_file=ca_file), mail_to(tmp_path))
        await sink(server, tls="starttls", ca_file=strange).deliver(mail_to(tmp_path))

    assert "is not trusted" in str(error)


async def test_starttls_never_falls_back_to_clear_text(tmp_path: Path, ca_file: Path) -> None:
    async with MockSmtp(mode="plain") as server:
        error = await failing(sink(server, tls="starttls", ca_file=ca_file), mail_to(tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert "STARTTLS" in str(error)
    assert server.heard == ["connect", "ehlo"]


async def test_nor_where_the_server_refuses_to_begin(tmp_path: Path, certificates: Certificates, ca_file: Path) -> None:
    fault = SmtpFault("starttls", "454 4.7.0 TLS not available")
    async with MockSmtp(mode="starttls", tls=certificates, faults=[fault]) as server:
        error = await failing(sink(server, tls="starttls", ca_file=ca_file), mail_to(tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert server.mails == []


async def test_a_ca_file_that_is_none_is_the_configurations_fault(tmp_path: Path, certificates: Certificates) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    async with MockSmtp(mode="starttls", tls=certificates) as server:
        with pytest.raises(ConfigError, match=r"broken\.pem cannot be used"):
            await sink(server, tls="starttls", ca_file=broken).deliver(mail_to(tmp_path))


# --- login


async def test_a_password_stays_on_this_machine_where_the_way_is_plain(tmp_path: Path, password: Path) -> None:
    account: dict[str, Any] = {"username": ACCOUNT[0], "password": {"file": password}}
    async with MockSmtp(account=ACCOUNT) as server:
        await sink(server, **account).deliver(mail_to(tmp_path))

    assert len(server.mails) == 1


async def test_a_password_does_not_leave_this_machine_in_plain(
    tmp_path: Path, password: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # another machine is a lot to ask of a test
    monkeypatch.setattr("vhealthd.delivery.smtp.is_loopback", lambda _: False)
    async with MockSmtp(account=ACCOUNT) as server:
        error = await failing(sink(server, username=ACCOUNT[0], password={"file": password}), mail_to(tmp_path))

    assert isinstance(error, DeliveryRefusedError)
    assert "set it to starttls or implicit" in str(error)
    assert "auth" not in server.heard


@pytest.mark.parametrize(
    ("peer", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.25", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.25", False),
    ],
)
def test_which_addresses_are_of_this_machine_alone(peer: str, own: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_loopback(peer) is own


async def test_a_wrong_password_is_refused_and_shown_to_nobody(tmp_path: Path, password: Path) -> None:
    fault = SmtpFault("auth", f"535 5.7.8 {SECRET} is wrong")
    async with MockSmtp(account=ACCOUNT, faults=[fault]) as server:
        error = await failing(sink(server, username="vhealthd", password={"file": password}), mail_to(tmp_path))

    assert isinstance(error, DeliveryRefusedError)
    assert "535" in str(error)
    assert SECRET not in f"{error!r} {error}"


async def test_a_password_is_read_for_each_attempt(tmp_path: Path, password: Path) -> None:
    password.write_text("old-Pa55word")
    async with MockSmtp(account=ACCOUNT) as server:
        to = sink(server, username=ACCOUNT[0], password={"file": password})
        error = await failing(to, mail_to(tmp_path))
        password.write_text(SECRET)
        await to.deliver(mail_to(tmp_path))

    assert "535" in str(error)
    assert len(server.mails) == 1


async def test_a_password_that_cannot_be_read_is_the_configurations_fault(tmp_path: Path) -> None:
    async with MockSmtp(account=ACCOUNT) as server:
        with pytest.raises(ConfigError, match="there is no file"):
            await sink(server, username="x", password={"file": tmp_path / "gone"}).deliver(mail_to(tmp_path))


# --- replies


@pytest.mark.parametrize("stage", ["connect", "auth", "mail", "data", "body"])
@pytest.mark.parametrize(
    ("reply", "kind"), [("451 4.3.0 later", DeliveryDelayedError), ("554 5.7.1 no", DeliveryRefusedError)]
)
async def test_a_4xx_is_for_now_and_a_5xx_is_for_good(
    tmp_path: Path, stage: Stage, reply: str, kind: type[DeliveryError], password: Path
) -> None:
    account: dict[str, Any] = {"username": ACCOUNT[0], "password": {"file": password}}
    async with MockSmtp(account=ACCOUNT, faults=[SmtpFault(stage, reply)]) as server:
        error = await failing(sink(server, **account), mail_to(tmp_path))

    assert type(error) is kind
    assert str(error) == f"localhost:{server.port} says: {reply}"


async def test_a_reply_cannot_write_lines_of_its_own_into_the_log(tmp_path: Path) -> None:
    async with MockSmtp(faults=[SmtpFault("mail", "451-\x1b[31mfirst\r\n451 second")]) as server:
        error = await failing(sink(server), mail_to(tmp_path))

    assert str(error).endswith("451 [U+001B][31mfirst second")


async def test_a_mail_that_is_too_large_for_the_server_says_what_to_do(tmp_path: Path) -> None:
    async with MockSmtp(largest=2000) as server:
        error = await failing(sink(server), mail_to(tmp_path))

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).endswith("a lower mail.max_bytes leaves the PDF out")
    assert "data" not in server.heard


# --- recipients


async def test_one_refused_recipient_does_not_stop_the_others(tmp_path: Path) -> None:
    async with MockSmtp(faults=[SmtpFault("rcpt", "550 5.1.1 no such user", about=B)]) as server:
        error = await failing(sink(server), mail_to(tmp_path, A, B, C))

    assert server.mails[0].recipients == (A, C)
    assert isinstance(error, DeliveryRefusedError)
    assert str(error) == f"refused: {B} (550 5.1.1 no such user); 2 of the others have it"
    assert error.progress == {"taken": [A, C], "refused": {}}


async def test_who_is_told_to_wait_is_tried_again_alone(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, A, B, C)
    async with MockSmtp(faults=[SmtpFault("rcpt", "451 4.2.1 greylisted", about=B, times=1)]) as server:
        error = await failing(sink(server), delivery)
        await sink(server).deliver(again(delivery, error.progress))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == f"not taken yet: {B} (451 4.2.1 greylisted)"
    first, second = server.mails
    assert (first.recipients, second.recipients) == ((A, C), (B,))
    assert first.data == second.data


async def test_who_was_refused_is_not_asked_again_while_others_wait(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, A, B)
    refuse, wait = SmtpFault("rcpt", "550 no", about=A), SmtpFault("rcpt", "450 later", about=B, times=1)
    async with MockSmtp(faults=[refuse, wait]) as server:
        first = await failing(sink(server), delivery)
        asked = len(server.heard)
        second = await failing(sink(server), again(delivery, first.progress))

    assert isinstance(first, DeliveryDelayedError)
    assert isinstance(second, DeliveryRefusedError)
    assert f"rcpt TO:<{A}>" not in server.heard[asked:]
    assert str(second) == f"refused: {A} (550 no); 1 of the others have it"


async def test_a_retry_by_hand_asks_those_again_who_were_refused(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, A, B)
    async with MockSmtp(faults=[SmtpFault("rcpt", "550 no such user yet", about=B, times=1)]) as server:
        error = await failing(sink(server), delivery)
        await sink(server).deliver(again(delivery, error.progress))

    assert [got.recipients for got in server.mails] == [(A,), (B,)]


async def test_all_refused_means_no_mail(tmp_path: Path) -> None:
    async with MockSmtp(faults=[SmtpFault("rcpt", "550 no")]) as server:
        error = await failing(sink(server), mail_to(tmp_path, A, B))

    assert isinstance(error, DeliveryRefusedError)
    assert server.mails == []
    assert not any(said.startswith("data") for said in server.heard)


async def test_who_has_it_is_known_even_if_the_rest_breaks(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path, A, B)
    wait, drop = SmtpFault("rcpt", "450 later", about=B, times=1), SmtpFault("mail", DROP)
    async with MockSmtp(faults=[wait]) as server:
        first = await failing(sink(server), delivery)
        server.faults.append(drop)
        second = await failing(sink(server), again(delivery, first.progress))

    assert isinstance(second, DeliveryDelayedError)
    assert second.progress == {"taken": [A], "refused": {}}


# --- connections


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("what", [DROP, STALL])
async def test_trouble_on_the_way_is_for_now(tmp_path: Path, stage: Stage, what: str) -> None:
    async with MockSmtp(faults=[SmtpFault(stage, what)]) as server:
        error = await failing(sink(server, step=0.05), mail_to(tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error).startswith(f"localhost:{server.port}: ")


async def test_a_connection_that_is_cut_before_the_reply_gives_the_mail_twice_and_the_same(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path)
    async with MockSmtp(faults=[SmtpFault("body", DROP, times=1)]) as server:
        error = await failing(sink(server), delivery)
        await sink(server).deliver(again(delivery, error.progress))

    assert isinstance(error, DeliveryDelayedError)
    first, second = server.mails
    assert first.data == second.data


async def test_no_server_at_all_is_for_now(tmp_path: Path) -> None:
    async with MockSmtp() as server:
        to = sink(server)
    error = await failing(to, mail_to(tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert "onnect" in str(error)


async def test_what_comes_after_the_mail_is_taken_changes_nothing(tmp_path: Path) -> None:
    async with MockSmtp(faults=[SmtpFault("quit", DROP)]) as server:
        await sink(server).deliver(mail_to(tmp_path))

    assert len(server.mails) == 1


# --- what is not there


async def test_a_file_that_is_gone_is_for_good(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path)
    (tmp_path / "report.pdf").unlink()
    async with MockSmtp() as server:
        error = await failing(sink(server), delivery)

    assert isinstance(error, DeliveryRefusedError)
    assert str(error).startswith(f"{tmp_path / 'report.pdf'} cannot be read (No such file or directory)")
    assert server.heard == []


async def test_mail_that_is_no_longer_configured_waits(tmp_path: Path) -> None:
    error = await failing(MailSink(lambda: None), mail_to(tmp_path))

    assert isinstance(error, DeliveryDelayedError)
    assert "no longer in the configuration" in str(error)


async def test_a_parcel_of_another_version_says_so(tmp_path: Path) -> None:
    delivery = mail_to(tmp_path)
    delivery.parcel.payload["letter"] = {"text": "only"}  # type: ignore[index] # a dict all the same

    assert "another version" in str(await failing(MailSink(mail), delivery))

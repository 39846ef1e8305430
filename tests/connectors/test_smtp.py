"""Letters over a real socket: encrypted and verified, and known at every step whether one was taken over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from postbox import Mailbox, mail_server

from trivet.connections import parse_connection
from trivet.contract import MailerConnector, Services
from trivet.errors import AuthFailed, ConfigError, Rejected, Retryable, UnknownOutcome
from trivet.model import Enclosure, Letter
from trivet.registry import find_connector

ANN, BEN = "ann@yunxiu.example", "ben@yunxiu.example"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    """A server that turns to TLS by STARTTLS."""
    with mail_server(tmp_path / "mail") as made:
        yield made


def letter(**more: Any) -> Letter:
    """A letter to two people, with a file."""
    told = {
        "id": "report.1",
        "to": (ANN, BEN),
        "subject": "面试报告：零售顾问",
        "text": "您好\n.\n附件见下。\n",
        "written_at": datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
        "enclosed": (Enclosure("report.pdf", "application/pdf", b"%PDF-1.7 \r\n.\r\n\x00\xff"),),
    }
    return Letter(**{**told, **more})


def send(box: Mailbox, note: Letter, extra: dict[str, Any] | None = None, **standard: Any) -> Any:
    """What came of it."""
    stored = box.connection(**(extra or {}))
    connection = parse_connection("smtp", {**stored, **standard})
    declaration = find_connector(MailerConnector, "smtp")
    services = Services("smtp", Path(), Path(), lambda: datetime.now(UTC))
    with declaration.build(connection.config(declaration.config), services) as mailer:
        mailer.check()
        return mailer.send(note)


class TestArrival:
    """What a recipient reads."""

    def test_a_letter_arrives_whole(self, box: Mailbox) -> None:
        """Chinese, a dot alone on a line and every byte of the file."""
        assert send(box, letter()) == {}
        ((to, message),) = box.letters
        assert to == [ANN, BEN]
        assert message["subject"] == "面试报告：零售顾问"
        assert message["message-id"] == "<report.1@yunxiu.example>"
        assert message["auto-submitted"] == "auto-generated"
        body = message.get_body()
        assert body is not None
        assert body.get_content().splitlines() == ["您好", ".", "附件见下。"]
        (enclosed,) = message.iter_attachments()
        assert enclosed.get_filename() == "report.pdf"
        assert enclosed.get_content() == b"%PDF-1.7 \r\n.\r\n\x00\xff"

    def test_tls_from_the_first_byte(self, tmp_path: Path) -> None:
        """Port 465 as most providers have it."""
        with mail_server(tmp_path / "mail", tls=True) as box:
            assert send(box, letter(), {"security": "tls"}) == {}
            assert len(box.letters) == 1

    @pytest.mark.parametrize(
        "subject",
        [
            "Report\r\nBcc: eve@evil.example",
            "Report\nX: y\n\nbody",
            "a\u2028Bcc: eve@evil.example",
            "\x00\x0b",
        ],
    )
    def test_a_subject_cannot_become_a_header(self, box: Mailbox, subject: str) -> None:
        """Line breaks of every kind are spaces."""
        send(box, letter(subject=subject))
        ((to, message),) = box.letters
        assert to == [ANN, BEN]
        assert message["bcc"] is None
        assert message["x"] is None

    @pytest.mark.parametrize(
        "address", ["a@b.example>\r\nRCPT TO:<eve@evil.example", "a@b.example,eve@evil.example", "<a@b.example>", "a b@c.d", "",
                    "a@b.example\nBcc: eve@evil.example", "ü@b.example"],
    )  # fmt: skip
    def test_an_address_is_one_address(self, box: Mailbox, address: str) -> None:
        """Anything else is refused before the server hears of it."""
        with pytest.raises(Rejected) as refused:
            send(box, letter(to=(ANN, address)))
        assert refused.value.vendor_code == "ADDRESS"
        assert box.letters == []

    def test_a_file_name_and_an_id_cannot_become_headers(self, box: Mailbox) -> None:
        """What is not plain in them is a dash."""
        evil = Enclosure('a"\r\nX-Evil: 1\r\n../b.pdf', "application/pdf", b"x")
        send(box, letter(id="r>\r\nX-Evil: 1", enclosed=(evil,)))
        ((_, message),) = box.letters
        assert message["x-evil"] is None
        (enclosed,) = message.iter_attachments()
        assert enclosed["x-evil"] is None
        assert "/" not in str(enclosed.get_filename())


class TestEncryption:
    """Nothing goes out that another could read."""

    def test_an_unknown_authority_is_not_trusted(self, box: Mailbox) -> None:
        """The system's authorities did not sign the test's."""
        with pytest.raises(Retryable) as failed:
            send(box, letter(), {"ca_file": None})
        assert failed.value.vendor_code == "TLS"
        assert "TLS_UNTRUSTED_CA" in failed.value.message
        assert box.letters == []

    def test_a_certificate_for_another_host_is_not_trusted(self, tmp_path: Path) -> None:
        """Whoever answers has to be who was called."""
        with mail_server(tmp_path / "mail", name="other.example") as box:
            with pytest.raises(Retryable) as failed:
                send(box, letter())
            assert "TLS_HOSTNAME" in failed.value.message
            assert box.letters == []

    def test_without_starttls_nothing_is_said(self, tmp_path: Path) -> None:
        """A server, or somebody between, that offers no encryption gets neither password nor letter."""
        with mail_server(tmp_path / "mail", starttls=False) as box:
            with pytest.raises(AuthFailed) as failed:
                send(box, letter())
            assert failed.value.vendor_code == "NOT_OFFERED"
            assert box.letters == []

    def test_there_is_no_setting_without_encryption(self, box: Mailbox) -> None:
        """The settings know two ways, both encrypted."""
        with pytest.raises(ConfigError, match="security"):
            send(box, letter(), {"security": "none"})


class TestOutcomes:
    """Taken over, provably not, or unknown."""

    def test_a_wrong_password(self, box: Mailbox) -> None:
        """A person has to act; the password is in no message."""
        with pytest.raises(AuthFailed) as failed:
            send(box, letter(), password="wrong secret")
        assert failed.value.vendor_code == "535"
        assert "wrong secret" not in failed.value.explained()

    def test_one_refused_recipient_does_not_keep_the_letter_from_the_other(self, box: Mailbox) -> None:
        """The refused one is told with the server's code, not with its words."""
        box.refuse[BEN] = "550 5.1.1 <ben@yunxiu.example>: no such user"
        refused = send(box, letter())
        assert list(refused) == [BEN]
        assert isinstance(refused[BEN], Rejected)
        assert refused[BEN].vendor_code == "550 5.1.1"
        assert BEN not in str(refused[BEN])
        assert box.letters[0][0] == [ANN]

    def test_a_recipient_who_is_busy_may_be_tried_again(self, box: Mailbox) -> None:
        """Greylisting answers 450."""
        box.refuse[BEN] = "450 4.7.1 come back later"
        assert isinstance(send(box, letter())[BEN], Retryable)

    def test_all_refused(self, box: Mailbox) -> None:
        """Nothing is handed in."""
        box.refuse = dict.fromkeys((ANN, BEN), "550 5.1.1 no")
        assert set(send(box, letter())) == {ANN, BEN}
        assert box.letters == []

    @pytest.mark.parametrize(
        ("answer", "kind"), [("452 4.3.1 disk full", Retryable), ("554 5.6.0 no", Rejected)]
    )
    def test_a_refused_letter(self, box: Mailbox, answer: str, kind: type[Exception]) -> None:
        """4xx later, 5xx never."""
        box.refuse_data = answer
        with pytest.raises(kind) as failed:
            send(box, letter())
        assert type(failed.value) is kind

    def test_a_line_cut_before_the_letter_is_provably_nothing(self, box: Mailbox) -> None:
        """It may be tried again."""
        box.cut_before_data = True
        with pytest.raises(Retryable):
            send(box, letter())
        assert box.letters == []

    def test_a_lost_answer_is_unknown(self, box: Mailbox) -> None:
        """The letter may well have arrived: it did."""
        box.lose_answer = True
        with pytest.raises(UnknownOutcome):
            send(box, letter())
        assert len(box.letters) == 1

    def test_a_server_that_is_down(self, tmp_path: Path) -> None:
        """Nobody listens."""
        with mail_server(tmp_path / "mail") as box:
            pass
        with pytest.raises(Retryable) as failed:
            send(box, letter())
        assert failed.value.vendor_code == "UNREACHABLE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sender": "no address"}, "CONFIG_TYPE"),
        ({"sender": "a@b.example\nBcc: x@y.example"}, "CONFIG_TYPE"),
        ({"sender_name": "HR\r\nBcc: x@y.example"}, "CONFIG_TYPE"),
        ({"sendr": "a@b.example"}, "CONFIG_UNKNOWN_KEY"),
    ],
)
def test_wrong_settings_are_named(box: Mailbox, change: dict[str, Any], code: str) -> None:
    """Before anything is connected."""
    with pytest.raises(ConfigError) as wrong:
        send(box, letter(), change)
    assert wrong.value.code == code


def test_user_and_password_belong_together(box: Mailbox) -> None:
    """One without the other is a mistake."""
    with pytest.raises(ConfigError):
        send(box, letter(), password=None)

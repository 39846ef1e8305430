"""What is special to SuccessFactors: signed logins, deletes side by side, lists of the tenant, its Learning."""

import base64
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import ValidationError
from standing import Standing
from trivet_connectors.successfactors import (
    CATALOGUE,
    DIRECTORY,
    FEEDBACK,
    LEARNING_FEEDBACK,
    LEARNING_TARGET,
    TARGET,
)
from trivet_connectors.successfactors.batch import Change, parts, written
from trivet_connectors.successfactors.config import EntityConfig, SuccessFactorsConfig
from trivet_connectors.successfactors.edm import parse_metadata
from trivet_connectors.successfactors.saml import Signer
from trivet_connectors.successfactors.verdicts import judge

from trivet.conformance.promises import PERSON, SECRET, error_is_clear, settings_are_closed
from trivet.conformance.source import Repeat, SourceSuite, ids, records
from trivet.contract import Services
from trivet.documents import Contracts
from trivet.errors import AuthFailed, ConfigError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.mapping import Library
from trivet.model import Confirmed, Document, Operation, OperationKind

MDF, GOAL = "cust_TrainingRecommendation", "Goal_1"
PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - of a key that lives as long as a test


def services(folder: Path) -> Services:
    """A deployment."""
    return Services("successfactors", folder, folder, lambda: datetime.now(UTC))


def config(world: World, **changed: Any) -> SuccessFactorsConfig:
    """The stand-in's connection."""
    made = Standing(world, "successfactors", TARGET, MDF, [], {}, None, "upsert").config(
        **{"calls_per_second": 1000.0, **changed}
    )
    assert isinstance(made, SuccessFactorsConfig)
    return made


@pytest.fixture
def target(world: World, tmp_path: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    with TARGET.build(config(world), services(tmp_path)) as built:
        yield built


def operation(
    i: int, kind: OperationKind, entity: str = MDF, document: Document | None = None, **how: Any
) -> Operation:
    """The i-th operation."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    reference = f"{digits[i // 32 % 32]}{digits[i % 32]}" + "Q" * 14
    return Operation(f"{reference}-{kind[0].upper()}1", reference, kind, entity, document or {}, **how)


def recommendation(i: int) -> Operation:
    """A record that the tenant takes."""
    said = {"cust_userId": "10000101", "cust_courseCode": f"C{i}", "cust_reason": "因" * 1000}
    return operation(i, "create", document=said)


def calls(world: World, path: str) -> list[Mapping[str, Any]]:
    """The calls of that path."""
    return [call for call in world.calls("successfactors") if path in call["path"]]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """The private key."""
    return rsa.generate_private_key(65537, 2048)


class TestSignedLogin:
    """OAuth with an assertion that we sign; the stand-in checks it by hand."""

    @pytest.fixture
    def oauth(self, world: World, key: rsa.RSAPrivateKey, tmp_path: Path) -> dict[str, Any]:
        """The settings, with the certificate registered."""
        world.change("successfactors", certificate=certificate(key))
        file = tmp_path / "client.pem"
        secured = BestAvailableEncryption(PASSPHRASE.encode())
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secured))
        said = world.sandbox["successfactors"].announce()
        return {
            "auth": "oauth_saml", "login": said["client_id"], "company": said["company"], "password": PASSPHRASE,
            "private_key_file": str(file), "user_id": "TRIVET_API",
        }  # fmt: skip

    def check(self, world: World, folder: Path, settings: Mapping[str, Any]) -> None:
        """Logs in and reads."""
        with TARGET.build(config(world, **settings), services(folder)) as target:
            target.check()

    def test_our_assertion_opens_the_door(self, world: World, oauth: Any, tmp_path: Path) -> None:
        """Signature, audience, recipient, client and times are as the tenant wants them."""
        self.check(world, tmp_path, oauth)
        assert len(calls(world, "/oauth/token")) == 1

    def test_a_token_that_is_over_is_fetched_anew(self, world: World, oauth: Any, tmp_path: Path) -> None:
        """In the middle of the work, with a new assertion."""
        with TARGET.build(config(world, **oauth), services(tmp_path)) as target:
            target.check()
            world.sandbox["successfactors"].tokens.clear()
            (said,) = target.send([recommendation(0)])
        assert isinstance(said, Confirmed)
        assert len(calls(world, "/oauth/token")) == 2

    def test_an_assertion_of_somebody_else_is_taken_too(
        self, world: World, oauth: Any, tmp_path: Path
    ) -> None:
        """Without a key the password is the assertion."""
        address = f"{world.sandbox['successfactors'].base_url}/oauth/token"
        made = Signer(config(world, **oauth)).assertion(address, datetime.now(UTC))
        self.check(world, tmp_path, {**oauth, "private_key_file": None, "password": made})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"audience": "www.example.org"},
            {"login": "another-client"},
            {"company": "another"},
            {"private_key_file": None, "password": SECRET},
        ],
    )
    def test_a_wrong_word_is_auth_failed(self, wrong: Any, world: World, oauth: Any, tmp_path: Path) -> None:
        """With the cure, and without what was sent."""
        with pytest.raises(AuthFailed) as caught:
            self.check(world, tmp_path, {**oauth, **wrong})
        error_is_clear(caught.value, "successfactors")
        assert caught.value.cure

    def test_another_key_is_auth_failed(self, world: World, oauth: Any, tmp_path: Path) -> None:
        """The certificate of the client decides."""
        world.change("successfactors", certificate=certificate(rsa.generate_private_key(65537, 2048)))
        with pytest.raises(AuthFailed):
            self.check(world, tmp_path, oauth)

    @pytest.mark.parametrize("moved", [timedelta(hours=1), timedelta(hours=-1)])
    def test_an_assertion_of_another_time_is_auth_failed(
        self, moved: timedelta, world: World, oauth: Any, tmp_path: Path
    ) -> None:
        """Too old, or from a clock that runs ahead."""
        ahead = Services("successfactors", tmp_path, tmp_path, lambda: datetime.now(UTC) + moved)
        with (
            TARGET.build(config(world, **oauth), ahead) as target,
            pytest.raises(AuthFailed),
        ):
            target.check()

    def test_a_changed_assertion_is_auth_failed(self, world: World, oauth: Any, tmp_path: Path) -> None:
        """Nobody can put another user into it."""
        address = f"{world.sandbox['successfactors'].base_url}/oauth/token"
        made = base64.b64decode(Signer(config(world, **oauth)).assertion(address, datetime.now(UTC)))
        changed = base64.b64encode(made.replace(b"TRIVET_API", b"SOMEBODY__")).decode()
        with pytest.raises(AuthFailed):
            self.check(world, tmp_path, {**oauth, "private_key_file": None, "password": changed})

    def test_signxml_itself_verifies_it(self, world: World, oauth: Any, key: Any) -> None:
        """The library's own verifier, with the certificate."""
        from signxml.verifier import XMLVerifier

        made = Signer(config(world, **oauth)).assertion(
            "https://api.example.org/oauth/token", datetime.now(UTC)
        )
        verified = XMLVerifier().verify(base64.b64decode(made), x509_cert=certificate(key), id_attribute="ID")
        assert b"TRIVET_API" in verified.signed_data

    @pytest.mark.parametrize("what", ["missing", "no key", "wrong passphrase", "not RSA"])
    def test_bad_input_a_key_that_is_none(self, what: str, world: World, oauth: Any, tmp_path: Path) -> None:
        """Told when the connection is opened, with the file and the cure, and without the passphrase."""
        file = Path(oauth["private_key_file"])
        changed: dict[str, Any] = {}
        if what == "missing":
            file.unlink()
        elif what == "no key":
            file.write_text(PERSON)
        elif what == "wrong passphrase":
            changed = {"password": SECRET}
        else:
            other = ec.generate_private_key(ec.SECP256R1())
            file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            changed = {"password": ""}
        with pytest.raises(ConfigError) as caught:
            self.check(world, tmp_path, {**oauth, **changed})
        assert caught.value.code == "PRIVATE_KEY"
        assert str(file) in str(caught.value)
        assert SECRET not in caught.value.explained()

    def test_bad_input_without_the_extra(
        self, world: World, oauth: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The cure names what to install; without a key of ours nothing is missing."""
        monkeypatch.setitem(sys.modules, "signxml", None)
        with pytest.raises(ConfigError) as caught:
            self.check(world, tmp_path, oauth)
        assert caught.value.code == "EXTRA_MISSING"
        assert "trivet[sap]" in str(caught.value.cure)
        self.check(world, tmp_path, {})

    @pytest.mark.parametrize("left_out", ["company", "user_id"])
    def test_bad_input_half_a_login(self, left_out: str, world: World, oauth: Any) -> None:
        """The settings belong together."""
        with pytest.raises(ValidationError) as caught:
            config(world, **{**oauth, left_out: None})
        assert left_out in str(caught.value)


def certificate(key: rsa.RSAPrivateKey) -> str:
    """Of that key, signed by itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "trivet")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


class TestDeletes:
    """In `$batch`, a changeset each."""

    def test_many_go_in_few_calls(self, world: World, target: Any) -> None:
        """180 a request, as the vendor takes them; what is not there is gone."""
        made = [recommendation(i) for i in range(200)]
        assert all(isinstance(said, Confirmed) for said in target.send(made[:150]))
        before = len(calls(world, "$batch"))
        outcomes = target.send([operation(i, "delete") for i in range(200)])
        assert all(isinstance(said, Confirmed) for said in outcomes)
        assert len(calls(world, "$batch")) == before + 2
        assert MDF not in world.held("successfactors")

    def test_one_that_is_refused_takes_no_other_with_it(self, world: World, tmp_path: Path) -> None:
        """Each has an outcome of its own: one may not be deleted, one is gone already."""
        users = {"User": EntityConfig(reference="userId", key="userId")}
        with TARGET.build(config(world, entities=users), services(tmp_path)) as target:
            wanted = [Operation(n, n, "delete", "User", {}) for n in ("10000101", "nobody")]
            refused, gone = target.send(wanted)
        assert isinstance(refused, Rejected)
        assert refused.vendor_code
        assert isinstance(gone, Confirmed)

    def test_goals_whose_id_nobody_noted_are_looked_for(self, world: World, target: Any) -> None:
        """By the reference, all of them in one question."""
        goals = [operation(i, "create", GOAL, {"userId": "10000101", "name": f"goal {i}"}) for i in range(3)]
        target.send(goals)
        outcomes = target.send([operation(i, "delete", GOAL) for i in range(4)])
        assert all(isinstance(said, Confirmed) for said in outcomes)
        assert GOAL not in world.held("successfactors")

    @pytest.mark.parametrize("kind", ["reset_after", "truncated", "empty_200", "http_500_after"])
    def test_a_lost_answer_leaves_all_of_it_unknown(self, kind: str, world: World, target: Any) -> None:
        """Nobody can tell from here; asking tells."""
        target.send([recommendation(0), recommendation(1)])
        world.misbehave("successfactors", kind=kind, method="POST", path="batch")
        with pytest.raises(UnknownOutcome):
            target.send([operation(0, "delete"), operation(1, "delete")])
        assert not target.find(MDF, [recommendation(0), recommendation(1)])

    def test_of_several_requests_each_speaks_for_itself(self, world: World, target: Any) -> None:
        """The first is done, the second is lost, the third is not sent."""
        for start in (0, 180):
            target.send([recommendation(i) for i in range(start, start + 180)])
        target.send([recommendation(i) for i in range(360, 400)])
        world.misbehave("successfactors", kind="reset_after", method="POST", path="batch", after=1)
        outcomes = target.send([operation(i, "delete") for i in range(400)])
        assert {type(said) for said in outcomes[:180]} == {Confirmed}
        assert {type(said) for said in outcomes[180:360]} == {UnknownOutcome}
        assert {type(said) for said in outcomes[360:]} == {Retryable}
        assert len(world.held("successfactors")[MDF]) == 40

    def test_a_pause_before_the_first_byte_is_raised(self, world: World, target: Any) -> None:
        """Nothing was done, so the whole call waits."""
        world.misbehave("successfactors", kind="http_429", method="POST", path="batch", retry_after="7")
        with pytest.raises(RateLimited):
            target.send([operation(i, "delete") for i in range(200)])


class TestBatchOnTheWire:
    """The multipart form."""

    def test_a_refused_changeset_answers_once_and_leaves_nothing(self, world: World, target: Any) -> None:
        """KBA 3709239: the first of its changes is taken back with it, the other changeset stays."""
        good = {"externalCode": "A1", "cust_userId": "10000101", "cust_courseCode": "C1"}
        bad = {**good, "externalCode": "A2", "cust_userId": "nobody"}
        first, second = target.wire.batch(
            "write together",
            [
                [Change("POST", MDF, good), Change("POST", MDF, bad)],
                [Change("POST", MDF, {**good, "externalCode": "A3", "cust_reason": "𠮷田 O'Brien"})],
            ],
        )
        assert [part.status for part in first] == [400]
        assert [part.status for part in second] == [201]
        (row,) = world.held("successfactors")[MDF]
        assert row["externalCode"] == "A3"
        assert row["cust_reason"] == "𠮷田 O'Brien"

    def test_what_is_written_is_read_back(self) -> None:
        """Our own parts, as an answer would hold them."""
        media_type, body = written([[Change("POST", "A", {"a": "𠮷"})], [Change("DELETE", "B('1')")]])
        assert body.count(b"Content-Type: multipart/mixed") == 2
        answer = (
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\nContent-Type: application/http\r\n\r\n"
            b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{"d":1}\r\n--y--\r\n'
            b"--x\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n{}\r\n--x--"
        )
        ((one,), (two,)) = parts("multipart/mixed; boundary=x", answer)
        assert (one.status, one.json(), two.status) == (201, {"d": 1}, 400)
        assert media_type.startswith("multipart/mixed; boundary=batch_")

    @pytest.mark.parametrize(
        ("media_type", "body"),
        [
            ("application/json", b"{}"),
            ("multipart/mixed; boundary=x", b""),
            ("multipart/mixed; boundary=x", b"--x\r\nContent-Type: application/http\r\n\r\nhello\r\n--x--"),
        ],
    )
    def test_bad_input_an_answer_that_is_none(self, media_type: str, body: bytes) -> None:
        """It is said, and the caller calls the outcome unknown."""
        with pytest.raises(ValueError, match="answer"):
            parts(media_type, body)


def test_a_key_keeps_its_last_letter(world: World, target: Any) -> None:
    """Whole numbers end in L in an address, and so may a reference."""
    reference = "Q" * 15 + "L"
    made = Operation(f"{reference}-C1", reference, "create", MDF, recommendation(0).document)
    assert target.send([made]) == [Confirmed(reference)]
    assert [row["externalCode"] for row in world.held("successfactors")[MDF]] == [reference]


def test_a_goal_of_somebody_else_changes_in_what_is_said_alone(world: World, target: Any) -> None:
    """It is known by its id, and never gets our reference."""
    world.change(
        "successfactors", entity=GOAL,
        insert={"id": "4001", "userId": "10000101", "name": "theirs", "weight": 60.0, "state": "On Track"},
    )  # fmt: skip
    ours = operation(0, "create", GOAL, {"userId": "10000101", "name": "ours", "weight": 20.0})
    plan = target.plans([ours])[ours.reference]
    assert [(share.remote_id, share.weight, share.reference) for share in plan.shares] == [
        ("4001", 60.0, None)
    ]
    theirs = operation(1, "update", GOAL, {"weight": 50.0}, remote_id="4001", adopted=True)
    (said,) = target.send([theirs])
    assert isinstance(said, Confirmed)
    (found,) = target.find(GOAL, [theirs])[theirs.reference]
    assert (found.remote_id, found.document["weight"]) == ("4001", 50.0)
    (row,) = world.held("successfactors")[GOAL]
    assert row["name"] == "theirs"
    assert "trivetRef" not in row


def test_an_entity_that_the_tenant_lacks_is_told_before_anything_is_sent(
    world: World, tmp_path: Path
) -> None:
    """Check and send name the setting."""
    unknown = {"Goal_7": EntityConfig(reference="trivetRef", key="id")}
    with TARGET.build(config(world, entities=unknown), services(tmp_path)) as target:
        with pytest.raises(Rejected) as caught:
            target.check()
        assert "entities" in str(caught.value.cure)
        (said,) = target.send([operation(0, "create", "Goal_7", {"name": "x"})])
    assert said.vendor_code == "ENTITY"


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        ({"status": "OK", "httpCode": 200, "key": "Goal_1/id=5001"}, Confirmed),
        ({"status": "OK", "httpCode": 201, "key": "X/externalCode=A"}, Confirmed),
        ({"status": "ERROR", "httpCode": 400, "message": "COE0024: missing (property name)"}, Rejected),
        ({"status": "ERROR", "httpCode": 500, "message": ""}, UnknownOutcome),
        ({"status": None, "httpCode": 500, "message": None}, UnknownOutcome),
        ({"status": "ACCEPTED", "httpCode": 202}, UnknownOutcome),
        ({"status": "ERROR", "httpCode": 429}, UnknownOutcome),
        ({"status": "OK", "httpCode": "200"}, UnknownOutcome),
        (None, UnknownOutcome),
    ],
)
def test_each_item_speaks_for_itself(item: Any, outcome: type) -> None:
    """KBA 2545933 and 3069375: the status line says nothing, an empty 500 neither."""
    assert isinstance(judge(item), outcome)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><edmx/>", "XML_ENTITIES_FORBIDDEN"),
        (b"<edmx", "XML_SYNTAX"),
        (b"", "XML_SYNTAX"),
    ],
)
def test_bad_input_metadata(body: bytes, code: str) -> None:
    """No entity is expanded, and no half of a model is taken for the whole."""
    with pytest.raises(Retryable) as caught:
        parse_metadata(body)
    assert caught.value.vendor_code == code


class Reading:
    """The stand-in as the far end of what is read."""

    entities: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "employees": ("User",),
        "goal_plans": ("GoalPlanTemplate",),
        "competencies": ("CompetencyEntity",),
        "courses": ("cust_Course",),
        "goals": ("Goal_1", "Goal_101", "DevGoal_2001"),
        "performance_results": ("FormHeader",),
    }
    changed: ClassVar[Mapping[str, tuple[str, str]]] = {
        "employees": ("defaultFullName", "lastModifiedDateTime"),
        "goal_plans": ("name", "dueDate"),
        "competencies": ("name_defaultValue", "lastModifiedDateTime"),
        "courses": ("externalName", "lastModifiedDateTime"),
        "goals": ("name", "lastModified"),
        "performance_results": ("formTitle", "formLastModifiedDate"),
    }

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.sandbox["successfactors"].store
        goal = {"userId": "10000101", "name": "ours", "weight": 20.0, "planId": "1"}
        for i in range(3):
            at = self.at(datetime.now(UTC) - timedelta(days=3 - i))
            world.change(
                "successfactors", entity="Goal_1", insert={**goal, "id": str(5001 + i), "lastModified": at}
            )

    def config(self, **changed: Any) -> Any:
        return config(self.world, **{"page_size": 1, **changed})

    def wrong_secret(self) -> Any:
        return self.config(password=SECRET)

    def nobody_home(self) -> Any:
        address = Standing(self.world, "successfactors", TARGET, MDF, [], {}, None, "").nobody_home()
        return self.config(base_url=address.base_url)

    def held(self, stream: str) -> set[str]:
        found = {
            f"{entity}/{key}" if stream == "goals" else key
            for entity in self.entities[stream]
            for key, row in self.store.all(entity)
            if row.get("formDataStatus", 3) == 3
        }
        assert found
        return found

    def delete(self, stream: str, external_id: str) -> None:
        entity, key = external_id.split("/") if stream == "goals" else (self.entities[stream][0], external_id)
        self.store.delete(entity, key)

    def change(self, stream: str, external_id: str) -> str:
        """By the hands of somebody in HR, stamped with the tenant's time."""
        (entity, key) = (
            external_id.split("/") if stream == "goals" else (self.entities[stream][0], external_id)
        )
        text, stamp = self.changed[stream]
        word = f"changed-{time.monotonic_ns()}"
        row = self.store.get(entity, key)
        self.store.put(entity, key, row | {text: word, stamp: self.at(datetime.now(UTC))})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        path = rf"/({'|'.join(self.entities[stream])})\?"
        self.world.misbehave("successfactors", kind=kind, method="GET", path=path, **how)

    def at(self, moment: datetime) -> str:
        return f"/Date({int(moment.timestamp() * 1000)}+0000)/"


def malformed(*keys: str) -> dict[str, str]:
    """The vendor's envelope with the wrong inside."""
    rows: dict[str, Any] = {
        "results is an object": {"name": PERSON},
        "a row is null": [None],
        "a row is a text": [PERSON],
        "a row lacks its key": [{"name": PERSON}],
    }
    made = {name: json.dumps({"d": {"results": value}}) for name, value in rows.items()}
    circle = {"d": {"results": [], "__next": "https://x.example.org/odata/v2/X?%24skiptoken=a"}}
    return {
        **made,
        "d is a text": json.dumps({"d": PERSON}),
        "an error that quotes": json.dumps({"error": {"code": "X", "message": {"value": "refused"}}}),
        "next leads nowhere": json.dumps({"d": {"results": [], "__next": PERSON}}),
        **({"a circle": json.dumps(circle)} if "circle" in keys else {}),
    }


class TestDirectory(SourceSuite):
    """People, by time of change."""

    connector = DIRECTORY
    repeats: ClassVar[Mapping[str, Repeat]] = {"employees": "edge"}
    malformed: ClassVar = {"employees": malformed()}

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)

    def test_who_left_is_told_too(self, far_end: Reading, tmp_path: Path) -> None:
        """Without a word on the status the tenant would tell of active users only."""
        with self.source(far_end.config(page_size=1000), tmp_path) as source:
            found = {
                r.external_id: r.document["status"] for r in records(list(source.pages("employees", None)))
            }
        assert found["10000901"] == "f"
        assert found["10000101"] == "t"

    def test_pages_come_from_one_snapshot(self, world: World, far_end: Reading, tmp_path: Path) -> None:
        """KBA 2723468: a person who changes while others are read must not hide the next one."""
        with self.source(far_end.config(page_size=2), tmp_path) as source:
            seen = []
            for page in source.pages("employees", None):
                if not seen:
                    far_end.change("employees", page.records[0].external_id)
                seen += [record.external_id for record in page.records]
        assert set(seen) == far_end.held("employees")
        assert len(seen) == len(set(seen))
        assert all("paging=snapshot" in call["path"] for call in calls(world, "/User?"))

    def test_a_list_that_leads_in_a_circle_is_an_error(self, far_end: Reading, tmp_path: Path) -> None:
        """A token that comes again is not followed for ever."""
        far_end.misbehave("employees", "answer", times=1000, body=malformed("circle")["a circle"])
        with self.source(far_end.config(), tmp_path) as source, pytest.raises(Retryable) as caught:
            list(source.pages("employees", None))
        assert caught.value.vendor_code == "PAGE_MALFORMED"

    def test_an_unknown_property_is_told_by_check(self, far_end: Reading, tmp_path: Path) -> None:
        """With the setting that names it."""
        lists = {"employees": {"entities": ["User"], "key": "userId", "select": ["userId", "shoeSize"]}}
        with self.source(far_end.config(lists=lists), tmp_path) as source, pytest.raises(Rejected) as caught:
            source.check()
        assert "shoeSize" in str(caught.value)
        assert "lists.employees" in str(caught.value.cure)


class TestCatalogue(SourceSuite):
    """Codes, read whole."""

    connector = CATALOGUE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(CATALOGUE.streams, "window")
    malformed: ClassVar = dict.fromkeys(CATALOGUE.streams, malformed())

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)

    def test_the_cursor_is_empty(self, far_end: Reading, tmp_path: Path) -> None:
        """So that the hub knows a list that was read whole."""
        for stream in self.connector.streams:
            assert {page.cursor for page in self.pulled(far_end, stream, tmp_path)} == {""}


class TestFeedback(SourceSuite):
    """Goals of several plans and finished forms, by time of change."""

    connector = FEEDBACK
    repeats: ClassVar[Mapping[str, Repeat]] = {"goals": "window", "performance_results": "edge"}
    malformed: ClassVar = dict.fromkeys(FEEDBACK.streams, malformed())

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)

    def test_a_form_that_is_not_finished_is_not_told(self, far_end: Reading, tmp_path: Path) -> None:
        """A draft is nobody's result."""
        assert "9104" not in ids(self.pulled(far_end, "performance_results", tmp_path))


class Completed(Reading):
    """Learning as the far end of what is read."""

    def config(self, **changed: Any) -> Any:
        said = self.world.sandbox["successfactors"].announce()["learning"]
        return LEARNING_FEEDBACK.config.model_validate(
            {**said, "page_size": 1, "calls_per_second": 1000.0, **changed}
        )

    def wrong_secret(self) -> Any:
        return self.config(client_secret=SECRET)

    def held(self, stream: str) -> set[str]:  # noqa: ARG002
        return {key for key, _ in self.store.all("learning_history")}

    def delete(self, stream: str, external_id: str) -> None:  # noqa: ARG002
        self.store.delete("learning_history", external_id)

    def change(self, stream: str, external_id: str) -> str:  # noqa: ARG002
        word = f"changed-{time.monotonic_ns()}"
        row = self.store.get("learning_history", external_id)
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.store.put("learning_history", external_id, row | {"grade": word, "lastUpdatedTimestamp": at})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:  # noqa: ARG002
        self.world.misbehave("successfactors", kind=kind, method="GET", path="LearningHistories", **how)


V4 = {
    "value is an object": {"name": PERSON},
    "a row is null": [None],
    "a row lacks its id": [{"name": PERSON}],
}


class TestLearningCompletions(SourceSuite):
    """Completions of Learning, by time of change."""

    connector = LEARNING_FEEDBACK
    repeats: ClassVar[Mapping[str, Repeat]] = {"completions": "edge"}
    malformed: ClassVar = {"completions": {name: json.dumps({"value": value}) for name, value in V4.items()}}

    @pytest.fixture
    def far_end(self, world: World) -> Completed:
        """The stand-in."""
        return Completed(world)

    def test_many_changes_of_one_moment_are_all_read(self, far_end: Completed, tmp_path: Path) -> None:
        """More than fit on a page: what was read of that moment is passed over."""
        for key, row in far_end.store.all("learning_history"):
            far_end.store.put(
                "learning_history", key, row | {"lastUpdatedTimestamp": "2026-11-01T00:00:00.000Z"}
            )
        found = ids(self.pulled(far_end, "completions", tmp_path))
        assert sorted(found) == sorted(far_end.held("completions"))

    def test_without_a_path_the_cure_names_it(self, far_end: Completed, tmp_path: Path) -> None:
        """SAP documents none for everybody."""
        with (
            self.source(far_end.config(completions_path=""), tmp_path) as source,
            pytest.raises(Rejected) as caught,
        ):
            list(source.pages("completions", None))
        assert "completions_path" in str(caught.value.cure)


class TestLearning:
    """Completions told and programs assigned; nothing can be asked."""

    EVENT: ClassVar[Document] = {
        "userID": "10000101", "courseID": "TRN-LRN-110", "providerID": "TRIVET", "courseCompleted": True,
        "completedTimestamp": 1795104000000, "grade": "Passing",
    }  # fmt: skip
    PROGRAM: ClassVar[Document] = {
        "userID": "10000101",
        "programID": "TRN-LRN-110",
        "programTypeID": "OPEN_ENDED",
    }

    @contextmanager
    def learning(self, world: World, folder: Path, **changed: Any) -> Iterator[Any]:
        """The target."""
        settings = Completed(world).config(**changed)
        with LEARNING_TARGET.build(settings, services(folder)) as built:
            yield built

    def outcome(self, target: Any, entity: str, document: Document, kind: OperationKind = "create") -> Any:
        """Of one operation."""
        (said,) = target.send([operation(0, kind, entity, document)])
        return said

    def test_settings_are_closed(self) -> None:
        """As everywhere."""
        settings_are_closed(LEARNING_TARGET.config)

    def test_a_completion_is_told(self, world: World, tmp_path: Path) -> None:
        """With text where one would expect a boolean."""
        with self.learning(world, tmp_path) as target:
            target.check()
            assert isinstance(self.outcome(target, "OCNLearningEvents", self.EVENT), Confirmed)
        ((_, event),) = world.sandbox["successfactors"].store.all("learning_event")
        assert event == {**self.EVENT, "courseCompleted": "true"}

    def test_a_program_is_assigned_in_the_persons_own_name(self, world: World, tmp_path: Path) -> None:
        """The service acts for the user of the token."""
        with self.learning(world, tmp_path) as target:
            assert isinstance(self.outcome(target, "UserPrograms", self.PROGRAM), Confirmed)
        ((_, program),) = world.sandbox["successfactors"].store.all("learning_program")
        assert program == self.PROGRAM

    @pytest.mark.parametrize(
        ("entity", "document"),
        [
            ("OCNLearningEvents", {**EVENT, "userID": "nobody"}),
            ("OCNLearningEvents", {**EVENT, "completedTimestamp": None}),
            ("UserPrograms", {**PROGRAM, "programTypeID": "SOMETIMES"}),
            ("UserPrograms", {**PROGRAM, "userID": ""}),
            ("Items", PROGRAM),
        ],
    )
    def test_bad_input_is_refused(
        self, entity: str, document: Document, world: World, tmp_path: Path
    ) -> None:
        """In the vendor's words, which seldom have a code."""
        with self.learning(world, tmp_path) as target:
            said = self.outcome(target, entity, document)
        assert isinstance(said, Rejected)
        assert said.vendor_code

    def test_an_assignment_for_nobody_known_gets_no_token(self, world: World, tmp_path: Path) -> None:
        """Learning knows whom it lets speak."""
        with self.learning(world, tmp_path) as target, pytest.raises(AuthFailed):
            self.outcome(target, "UserPrograms", {**self.PROGRAM, "userID": "nobody"})

    def test_a_wrong_secret_is_auth_failed(self, world: World, tmp_path: Path) -> None:
        """Learning says 403 to it (KBA 2558226)."""
        with (
            self.learning(world, tmp_path, client_secret=SECRET) as target,
            pytest.raises(AuthFailed) as caught,
        ):
            target.check()
        error_is_clear(caught.value, "successfactors_learning")

    @pytest.mark.parametrize("kind", ["reset_after", "http_500_after", "truncated", "html_200"])
    def test_a_lost_answer_is_unknown(self, kind: str, world: World, tmp_path: Path) -> None:
        """And as nothing can be asked, a person's case."""
        with self.learning(world, tmp_path) as target:
            target.check()
            world.misbehave("successfactors", kind=kind, method="POST", path="OCNLearningEvents")
            with pytest.raises(UnknownOutcome):
                self.outcome(target, "OCNLearningEvents", self.EVENT)
        assert LEARNING_TARGET.traits.asked_by == "nothing"

    def test_a_pause_is_rate_limited(self, world: World, tmp_path: Path) -> None:
        """KBA 3648498: the call was not counted in."""
        with self.learning(world, tmp_path) as target:
            world.misbehave(
                "successfactors", kind="http_429", method="POST", path="OCNLearningEvents", retry_after="7"
            )
            with pytest.raises(RateLimited) as caught:
                self.outcome(target, "OCNLearningEvents", self.EVENT)
        assert caught.value.retry_after == 7

    def test_nothing_is_taken_back_and_nothing_found(self, world: World, tmp_path: Path) -> None:
        """It says so, instead of answering that nothing is there."""
        with self.learning(world, tmp_path) as target:
            said = self.outcome(target, "OCNLearningEvents", {}, "delete")
            assert isinstance(said, Rejected)
            with pytest.raises(Rejected):
                target.find("UserPrograms", [operation(0, "create", "UserPrograms", self.PROGRAM)])
        assert not LEARNING_TARGET.traits.deletes


@pytest.mark.parametrize(
    ("declared", "stream", "mapping"),
    [
        (DIRECTORY, "employees", "successfactors/employee"),
        (CATALOGUE, "goal_plans", "successfactors/goal_plan"),
        (CATALOGUE, "competencies", "successfactors/competency"),
        (CATALOGUE, "courses", "successfactors/course"),
        (FEEDBACK, "goals", "successfactors/goal_progress"),
        (FEEDBACK, "performance_results", "successfactors/performance_result"),
        (LEARNING_FEEDBACK, "completions", "successfactors_learning/training_completion"),
    ],
)
def test_every_row_becomes_a_document(
    declared: Any, stream: str, mapping: str, world: World, tmp_path: Path
) -> None:
    """The mappings beside the connector take what the tenant tells, without a problem."""
    far_end = Completed(world) if declared is LEARNING_FEEDBACK else Reading(world)
    library = Library(world.home, Contracts.packaged())
    with declared.build(far_end.config(), services(tmp_path)) as source:
        found = records(list(source.pages(stream, None)))
    assert found
    for record in found:
        mapped = library.mapping(mapping).apply(
            record.document, variables={"system": "successfactors"}, now=datetime.now(UTC)
        )
        assert not mapped.problems
        assert len(mapped.documents) == 1

"""The forms behind Admin, Connections."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from airflow.sdk.definitions._internal.node import validate_key
from jsonschema import Draft202012Validator
from pydantic import Field, SecretStr

from trivet import registry
from trivet.airflow import forms, hooks, provider_info
from trivet.contract import Config, Services, TargetConnector, TargetTraits


class CourierConfig(Config):
    """A made-up ERP."""

    standard_fields: ClassVar[dict[str, str]] = {"host": "base_url", "login": "user", "password": "secret"}

    base_url: str
    """Address of the server, with http:// or https://."""
    user: str
    """Technical user."""
    secret: SecretStr
    """Its password."""
    api_key: SecretStr | None = None
    """Second secret,
    on two lines."""
    mode: Literal["fast", "careful"] = "careful"
    """How to write."""
    rate_per_minute: int = 60
    """Calls per minute."""
    sites: dict[str, str] = Field(default_factory=dict)
    """Plant by site."""


@contextmanager
def build(config: CourierConfig, services: Services) -> Any:
    """A target that answers its check."""

    class Courier:
        def check(self) -> None:
            assert config.secret.get_secret_value() == "right"

    yield Courier()


COURIER = TargetConnector(
    "courier", "Courier ERP", CourierConfig, build, TargetTraits("nothing", 10, 5, deletes=False)
)


@pytest.fixture
def form() -> dict[str, Any]:
    """The form of the made-up ERP."""
    return forms.described(COURIER)


def test_every_setting_has_a_label_and_a_description(form: dict[str, Any]) -> None:
    """Nobody has to read our code to fill in a form: each field says what it is."""
    for field in form["conn-fields"].values():
        assert field["label"]
        assert field["description"]
    assert form["conn-fields"]["api_key"]["description"] == "Second secret, on two lines."


def test_standard_fields_are_relabelled_and_the_unused_hidden(form: dict[str, Any]) -> None:
    """The form shows the connector's words, and no field that does nothing."""
    behaviour = form["ui-field-behaviour"]
    assert behaviour["relabeling"] == {"host": "Base url *", "login": "User *", "password": "Secret *"}
    assert behaviour["placeholders"]["host"].startswith("Address of the server")
    assert set(behaviour["hidden-fields"]) == {"port", "schema", "extra"}


def test_secrets_are_password_fields_and_choices_are_menus(form: dict[str, Any]) -> None:
    """A secret is never shown again, and what allows few values offers them."""
    fields = form["conn-fields"]
    assert fields["api_key"]["schema"] == {"type": ["string", "null"], "format": "password", "default": None}
    assert fields["mode"]["schema"]["enum"] == ["fast", "careful"]
    assert fields["environment"]["schema"]["enum"] == ["sandbox", "test", "production"]
    assert fields["rate_per_minute"]["schema"] == {"type": ["integer", "null"], "default": 60}
    assert "sites" in fields


def test_airflow_accepts_the_forms_of_every_installed_connector() -> None:
    """Airflow drops a whole provider whose description breaks its schema, with only a log line."""
    import airflow

    schema = Path(airflow.__path__[0]) / "provider.yaml.schema.json"
    wanted = json.loads(schema.read_text(encoding="utf-8"))["properties"]["connection-types"]
    made = provider_info.get_provider_info()["connection-types"]
    Draft202012Validator(wanted).validate(made)
    for kind in made:
        validate_key(kind["connection-type"])


def test_every_setting_of_every_installed_connector_is_described() -> None:
    """The rule of the contract, seen from the form."""
    for _, declared in registry.installed():
        for setting, field in declared.config.model_json_schema().get("properties", {}).items():
            assert field.get("description"), f"{declared.name}.{setting}"


def test_every_installed_connector_has_its_form_as_declared() -> None:
    """What is read from the generated file is what the declarations say now."""
    declared = {one.name: forms.described(one) for _, one in reversed(registry.installed())}
    made = provider_info.get_provider_info()["connection-types"]
    assert {form["connection-type"]: form for form in made} == {
        form["connection-type"]: form for form in declared.values()
    }
    assert len(made) == len(declared)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a target that does not come with Trivet, by its name and place."""
    entries = registry._entries

    def install(name: str, value: str) -> None:
        more = {name: EntryPoint(name, value, "trivet.targets")}
        monkeypatch.setattr(
            registry, "_entries", lambda group: entries(group) | (more if group == "trivet.targets" else {})
        )
        provider_info._forms.cache_clear()

    yield install
    provider_info._forms.cache_clear()


def test_a_strangers_connector_has_a_form_too(stranger: Callable[[str, str], None]) -> None:
    """It comes through the same door, and its form is made when Airflow asks."""
    before = provider_info.get_provider_info()["connection-types"]
    stranger("courier", f"{__name__}:COURIER")
    made = provider_info.get_provider_info()["connection-types"]
    assert [form for form in made if form not in before] == [forms.described(COURIER)]
    assert len(made) == len(before) + 1


def test_a_connector_that_cannot_be_imported_takes_nothing_with_it(
    stranger: Callable[[str, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow asks for the forms while it is being imported: an error would end every Airflow process."""
    before = provider_info.get_provider_info()["connection-types"]
    stranger("broken", "no_such_module:TARGET")
    assert provider_info.get_provider_info()["connection-types"] == before
    assert "trivet.targets:broken" in caplog.text


def test_provider_info_imports_neither_airflow_nor_our_connectors() -> None:
    """Airflow is half imported when it asks, and asks in every process."""
    code = (
        "import sys; from trivet.airflow.provider_info import get_provider_info; get_provider_info();"
        "sys.exit(any(name.partition('.')[0] in ('airflow', 'trivet_connectors') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("password", "fine"), [("right", True), ("", False)])
def test_the_test_button_asks_the_connector(
    monkeypatch: pytest.MonkeyPatch, deployment: Any, password: str, fine: bool
) -> None:
    """Admin, Connections, Test: the connector's own check answers, a wrong setting is named with its cure."""
    monkeypatch.setattr(registry, "installed", lambda: [("trivet.targets", COURIER)])
    stored = {
        "conn_type": "trivet_courier",
        "host": "http://127.0.0.1:9",
        "login": "u",
        "password": password,
        "extra": {"environment": "test"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_COURIER", json.dumps(stored))
    kind = hooks.trivet_courier
    answered, words = kind("courier").test_connection()
    assert (kind.conn_type, answered) == ("trivet_courier", fine)
    assert words == "courier answered (test)" if fine else "password" in words


def test_what_only_listens_has_nothing_to_ask(monkeypatch: pytest.MonkeyPatch, deployment: Any) -> None:
    """Greenhouse calls us: its settings are all there is to check, and a wrong one is named."""
    stored: dict[str, Any] = {"conn_type": "trivet_greenhouse_assessments", "extra": {"environment": "test"}}
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS", json.dumps({**stored, "password": "a-key-of-16-letters"}))
    kind = hooks.trivet_greenhouse_assessments
    assert kind("orders").test_connection() == (True, "greenhouse_assessments answered (test)")
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS", json.dumps({**stored, "password": "short"}))
    fine, words = kind("orders").test_connection()
    assert not fine
    assert "password" in words

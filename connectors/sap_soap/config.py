"""Settings of a SOAP connection: which operation of which WSDL does what, and where in its messages our values stand.

A path names elements (or attributes) by their local names, from the message's own element down: `MessageHeader/ID`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trivet.http import HttpSettings

Stream = Literal[
    "employees",
    "courses",
    "competencies",
    "goal_plans",
    "organisations",
    "completions",
    "performance_results",
    "goals",
]
_CLOSED = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class AnswerConfig(BaseModel):
    """Where the answer says what came of it."""

    model_config = _CLOSED

    items: str = ""
    """Path of the element that stands once for each record; empty: the answer is about one record."""
    reference: str = ""
    """Path of our reference, within the record."""
    id: str = ""
    """Path of the vendor's id, within the record."""
    document: str = ""
    """Path of the element whose children are the document's fields, within the record; empty: the record itself."""
    success: str = ""
    """Path of the word that says success, within the record; empty: the log and faults alone decide."""
    success_values: tuple[str, ...] = ("true", "3", "S")
    """Words that mean success; 3 is a BusinessDocumentProcessingResultCode."""


class OperationConfig(BaseModel):
    """One operation of the WSDL; one that has no answer in the WSDL is asynchronous and takes one record a message."""

    model_config = _CLOSED

    operation: str
    """Name of the operation in the WSDL."""
    wsdl: str = ""
    """WSDL file of this operation, where it has one of its own."""
    service: str = ""
    """Service, where several of the WSDL offer the operation."""
    port: str = ""
    """Port, where several of the service offer the operation."""
    items: str = ""
    """Path of the element that is repeated for each record; empty: a request is about one record."""
    reference: str = ""
    """Path where our reference goes, within the record."""
    id: str = ""
    """Path where the vendor's id goes, within the record."""
    document: str = ""
    """Path of the element under which the document's fields go, within the record; empty: the record itself."""
    message_id: str = ""
    """Path where the message's id goes (32 hexadecimal digits, equal for every repetition of the same change), by
    which the receiver processes it once only."""
    sent_at: str = ""
    """Path where the time of sending goes."""
    constants: Mapping[str, str | int | bool] = {}
    """Values that every request carries, by path, such as an action code."""
    answer: AnswerConfig = AnswerConfig()
    """Where its answer says what came of it."""
    gone: tuple[str, ...] = ()
    """Codes of log items and faults that say that there is no such record: a delete is then done, a query empty."""


class EntityConfig(BaseModel):
    """The operations on one kind of record."""

    model_config = _CLOSED

    create: OperationConfig
    """Makes records that carry our reference."""
    find: OperationConfig
    """Finds records by our reference."""
    update: OperationConfig | None = None
    """Changes records."""
    delete: OperationConfig | None = None
    """Takes records away."""


class LogConfig(BaseModel):
    """How an answer lists what went wrong; as SAP's enterprise services do unless said otherwise."""

    model_config = _CLOSED

    items: str = "Log/Item"
    """Path of the repeated log item, in the answer or in one of its records."""
    reference: str = "ReferenceObjectNodeSenderTechnicalID"
    """Path of our reference within an item; an item without one concerns every record of the message."""
    severity: str = "SeverityCode"
    """Path of the severity within an item; empty: every item is an error."""
    errors: tuple[str, ...] = ("3", "4")
    """Severities that mean that the record was refused (1 information, 2 warning, 3 error, 4 abort)."""
    code: str = "TypeID"
    """Path of the vendor's code within an item."""
    text: str = "Note"
    """Path of the text within an item."""
    field: str = "ReferenceMessageElementName"
    """Path of the field's name within an item."""


class SapSoapConfig(HttpSettings):
    """One technical user at one server."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "login",
        "password": "password",
    }

    base_url: str
    """Address of the server; only the path behind it is taken from the WSDL, whose host is often an inner one."""
    login: str
    """Technical user."""
    password: SecretStr
    """Password of the same."""
    auth: Literal["basic", "username_token", "username_token_digest"] = "basic"
    """HTTP basic, or a WS-Security UsernameToken whose password goes as it is or as a digest."""
    wsdl: str
    """WSDL file, relative to the deployment folder; it and what it imports are read from disk, never from the network."""
    entities: dict[str, EntityConfig]
    """Records that mappings may use, by the name that mappings give them."""
    log: LogConfig | None = LogConfig()
    """How answers list errors; null where the services have no log. A service that tells no `success` must have it."""
    streams: dict[Stream, OperationConfig] = Field(default_factory=dict)
    """Queries that list what the services know, by stream; of each `constants`, `answer.items`, `answer.id` and
    `answer.document` count."""
    refusals: tuple[str, ...] = ()
    """Ids of faults that are refusals of the record though the server calls them its own (soap:Server); any other such
    fault leaves open whether something was done."""

"""Settings of a connection to SAP HCM by RFC."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from trivet.contract import Config

Entity = Literal["booking", "prebooking", "qualification", "appraisal"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class BookingFields(_Part):
    """Names in the rows of BAPI_ATTENDEE_BOOK_LIST (BAPIATDAT)."""

    event: str = "EVEID"
    """Business event."""
    priority: str = "PRIOX"
    """Booking priority."""
    count: str = "MANZL"
    """Number of attendances."""
    deleted: str = "DELET"
    """Delete flag: a row that has it is no booking any more."""


class PrebookingFields(_Part):
    """Names in the rows of BAPI_ATTENDEE_PREBOOK_LIST (BAPIPREBO)."""

    event_type: str = "ETYID"
    """Business event type."""
    begin: str = "BEGDA"
    """First day of the prebooking period."""
    end: str = "ENDDA"
    """Last day of it."""
    priority: str = "PRIOX"
    """Booking priority."""
    count: str = "MANZL"
    """Number of attendances."""


class QualificationFields(_Part):
    """Names in the rows of a qualifications profile (BAPIQUALIFIC_TAB)."""

    qualification: str = "OBJ_ID"
    """The qualification's object id."""
    proficiency: str = "RATING"
    """Proficiency on the qualification's scale."""
    begin: str = "BEGDA"
    """First day."""
    end: str = "ENDDA"
    """Last day."""


class AppraisalFields(_Part):
    """Names in BAPIAPPRAISAL, BAPIAPPHEAD, BAPIAPPRAISER and BAPIAPPRAISEE."""

    id: str = "ID"
    """The appraisal's id, in the list and in the head."""
    text: str = "TEXT"
    """Its name, in both."""
    model: str = "MODEL_ID"
    """Its model, in the head."""
    start: str = "START_DATE"
    """First day of the period appraised, in the head."""
    end: str = "END_DATE"
    """Last day of it."""
    status: str = "STATUS"
    """Its status, in the head."""
    party_plan_version: str = "PLAN_VERSION"
    """Plan version of an appraiser or appraisee."""
    party_type: str = "TYPE"
    """Object type of an appraiser or appraisee."""
    party_id: str = "ID"
    """Number of an appraiser or appraisee."""


class CatalogueFields(_Part):
    """Names in the rows of the catalogues (BAPIQUALI_DIR, BAPIETDAT)."""

    type: str = "OTYPE"
    """Object type: QK is a group, Q a qualification."""
    id: str = "OBJID"
    """Object id of either."""
    event_type: str = "ETYID"
    """Object id of a business event type."""


class Fields(_Part):
    """Field names inside structures; no public page lists them all for every release, so a customer's are read with
    `trivet sap record-contract` and set here where they differ."""

    booking: BookingFields = BookingFields()
    """Bookings."""
    prebooking: PrebookingFields = PrebookingFields()
    """Prebookings."""
    qualification: QualificationFields = QualificationFields()
    """Qualifications profiles."""
    appraisal: AppraisalFields = AppraisalFields()
    """Appraisals."""
    catalogue: CatalogueFields = CatalogueFields()
    """Catalogues."""


class SapRfcConfig(Config):
    """One user of one client: by application server (`ashost`, `sysnr`) or by load balancing (`mshost`, `r3name`, `group`)."""

    standard_fields: ClassVar[Mapping[str, str]] = {"host": "ashost", "login": "user", "password": "passwd"}

    library: str = "pyrfc"
    """Module with `Connection` and the exceptions: a PyRFC built by the customer, or pyrfcx, which has the same name."""
    ashost: str = ""
    """Application server, or a router string that ends at it."""
    sysnr: str = "00"
    """System number, with `ashost`."""
    mshost: str = ""
    """Message server, in place of `ashost`."""
    msserv: str = ""
    """Service or port of the message server."""
    r3name: str = ""
    """System id, with `mshost`."""
    group: str = ""
    """Logon group, with `mshost`."""
    saprouter: str = ""
    """Router string, such as /H/router/S/3299/H/."""
    client: str = Field(pattern=r"^\d{3}$")
    """Client, three digits."""
    user: str = ""
    """Communication user."""
    passwd: SecretStr = SecretStr("")
    """The user's password; empty where SNC logs on."""
    lang: str = "EN"
    """Language of messages and names."""
    snc_lib: str = ""
    """Path of the SNC library; SNC encrypts the connection and is used as soon as `snc_partnername` is set."""
    snc_partnername: str = ""
    """The server's SNC name."""
    snc_myname: str = ""
    """Our SNC name."""
    snc_qop: str = "9"
    """Quality of protection; 3 is privacy, 9 the best that there is."""
    call_seconds: float = Field(default=120.0, gt=0)
    """A call that takes longer is cancelled."""
    pause_seconds: float = Field(default=60.0, gt=0)
    """How long to stay away when the gateway has no conversation free; it does not say."""
    plan_version: str = "01"
    """Plan version (PLVAR) that is active."""
    entities: tuple[Entity, ...] = ("booking", "prebooking", "qualification", "appraisal")
    """What mappings may use; functions of the others are never called."""
    appraiser: str = ""
    """Personnel number of the appraiser where a document names none."""
    success: tuple[str, ...] = ("PQ600", "PQ602")
    """Messages (class and number) that mean success; TYPE alone does not tell, the appraisal functions say errors with S."""
    locked: tuple[str, ...] = ("MC601", "MC602", "MC603")
    """Messages of the lock that mean: somebody has it now, later it is free."""
    commits_itself: tuple[str, ...] = (
        "BAPI_BOOK_ATTENDANCE", "BAPI_PREBOOK_ATTENDANCE", "BAPI_DELETE_ATTENDANCE",
    )  # fmt: skip
    """Functions without NOCOMMIT of which it is not sure that a rollback takes them back: a unit that was broken off after
    one of them is looked at, not sent again. Empty it once the customer's system has shown that they wait for the commit."""
    fields: Fields = Fields()
    """Field names inside structures."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if bool(self.ashost) == bool(self.mshost):
            raise ValueError("give either ashost or mshost")
        if self.mshost and not self.r3name:
            raise ValueError("mshost needs r3name, the system id")
        return self

    def parameters(self) -> dict[str, str]:
        """The library's own parameters, empty ones left out."""
        names = ("ashost", "mshost", "msserv", "r3name", "group", "saprouter", "client", "user", "lang")
        given = {name: str(getattr(self, name)) for name in names}
        given["passwd"] = self.passwd.get_secret_value()
        if self.ashost:
            given["sysnr"] = self.sysnr
        if self.snc_partnername:
            snc = ("snc_lib", "snc_partnername", "snc_myname", "snc_qop")
            given |= {"snc_mode": "1", **{name: str(getattr(self, name)) for name in snc}}
        return {name: value for name, value in given.items() if value}

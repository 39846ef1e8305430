"""The ledger's tables, one definition for SQLite and PostgreSQL.

Personal content lies in `*_enc` columns only, sealed by the key ring; beside it stands a pseudonymous `subject_ref`.
Times are text of fixed width (`times.py`). A change here comes with a migration; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

metadata = MetaData()

OPERATION_STATES = (
    "waiting_identity",
    "planned",
    "intent",
    "accepted",
    "unknown",
    "confirmed",
    "rejected",
    "stuck",
    "superseded",
    "cancelled",
    "comp_planned",
    "comp_intent",
    "comp_unknown",
    "compensated",
    "written_off",
)
BATCH_STATES = (
    "open",
    "pushing",
    "verifying",
    "confirmed",
    "partly_confirmed",
    "stuck",
    "compensating",
    "compensated",
)


def _alternatives(column: str, values: tuple[str, ...]) -> str:
    # not as a list: SQLite builds a table of its values anew for every row that it writes
    return " OR ".join(f"{column} = '{value}'" for value in values)


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    return CheckConstraint(_alternatives(column, values), name=name)


meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value_enc", LargeBinary, nullable=False),
)

# a person's key, wrapped by the key ring; without `wrapped` nothing opens that was sealed with it
subject_key = Table(
    "subject_key",
    metadata,
    Column("id", String, primary_key=True),
    Column("subject_ref", String, nullable=False),
    Column("wrapped", LargeBinary),
    Column("key_id", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("erased_at", String),
    Index("subject_key_subject", "subject_ref"),
)

# who was erased: a keyed hash of each id, so that the next pull does not bring the person back
tombstone = Table(
    "tombstone",
    metadata,
    Column("hash", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("subject_ref", String, nullable=False),
    Column("erased_at", String, nullable=False),
    Index("tombstone_subject", "subject_ref"),
)

# one row a place of an erasure; confirmed, or a case says what a person has to do
erasure = Table(
    "erasure",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("subject_ref", String, nullable=False),
    Column("place", String, nullable=False),
    Column("state", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("changed_at", String, nullable=False),
    _one_of("state", ("due", "confirmed", "listed", "case", "held"), "erasure_state"),
    Index("erasure_subject", "subject_ref"),
)

# why nothing of a person may be erased for now, and who said so
legal_hold = Table(
    "legal_hold",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("subject_ref", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("said_by", String, nullable=False),
    Column("since", String, nullable=False),
)

batch = Table(
    "batch",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("flow", String, nullable=False),
    Column("kind", String, nullable=False, server_default="night"),
    Column("run_key", String, nullable=False),
    Column("environment", String, nullable=False),
    Column("atomic", String, nullable=False),
    Column("max_failed_share", Float, nullable=False),
    Column("too_many", String, nullable=False, server_default="hold"),
    Column("state", String, nullable=False),
    Column("rollback_reason", String),
    Column("opened_at", String, nullable=False),
    Column("closed_at", String),
    Column("counters", String, nullable=False),
    Column("through", String, nullable=False, server_default="all"),
    _one_of("state", BATCH_STATES, "batch_state"),
    _one_of("kind", ("night", "event"), "batch_kind"),
)
Index("batch_of_flow", batch.c.flow, batch.c.kind, batch.c.opened_at)
# a run that died is resumed: a flow has one unfinished batch of a kind at most
Index(
    "batch_unfinished",
    batch.c.tenant,
    batch.c.flow,
    batch.c.kind,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("until", String, nullable=False),
    Column("fence", BigInteger, nullable=False),
)

# one row a target that failed lately; who finds `until` in the future does not call
breaker = Table(
    "breaker",
    metadata,
    Column("target", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("changed_at", String, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("connection", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("version", String, nullable=False),
    Column("payload_enc", LargeBinary),
    Column("key_id", String),
    Column("subject_ref", String),
    Column("batch_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("received_at", String, nullable=False),
    UniqueConstraint("tenant", "connection", "stream", "external_id", name="record_external"),
    _one_of("state", ("new", "translated", "set_aside", "gone"), "record_state"),
    Index("record_work", "batch_id", "state", "stream", "id"),
    Index("record_subject", "subject_ref"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("flow", String, primary_key=True),
    Column("connection", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("whole_at", String),
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", String, primary_key=True),
    Column("connection", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("payload_enc", LargeBinary, nullable=False),
    Column("key_id", String, nullable=False),
    Column("received_at", String, nullable=False),
    Column("batch_id", String),
    Index("inbound_waiting", "connection", "batch_id"),
)

assessment_order = Table(
    "assessment_order",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("connection", String, nullable=False),
    Column("package_id", String, nullable=False),
    Column("application_id", String),
    Column("subject_ref", String),
    Column("status", String, nullable=False),
    Column("payload_enc", LargeBinary),
    Column("result_enc", LargeBinary),
    Column("key_id", String, nullable=False),
    Column("batch_id", String),
    Column("ordered_at", String, nullable=False),
    Column("changed_at", String, nullable=False),
    _one_of("status", ("open", "completed", "cancelled"), "assessment_order_status"),
    Index("assessment_order_due", "connection", "status"),
    Index("assessment_order_application", "application_id"),
    Index("assessment_order_subject", "subject_ref"),
)

document = Table(
    "document",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("payload_enc", LargeBinary),
    Column("key_id", String),
    Column("subject_ref", String),
    Column("mapping_version", String),
    Column("changed_batch", String, nullable=False),
    Column("changed_at", String, nullable=False),
    Index("document_changed", "changed_batch", "kind"),
    Index("document_subject", "subject_ref"),
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("batch_id", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("item", String, nullable=False),
    Column("subject_ref", String),
    Column("code", String, nullable=False),
    Column("pointer", String, nullable=False),
    Column("message", String, nullable=False),
    Column("place", String),
    Column("created_at", String, nullable=False),
    Column("resolved_at", String),
    Index("set_aside_batch", "batch_id"),
    Index("set_aside_item", "tenant", "stage", "kind", "item"),
)

consent = Table(
    "consent",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("subject_ref", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("granted_at", String),
    Column("withdrawn_at", String),
    Column("notice_version", String),
)

crosswalk = Table(
    "crosswalk",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("system", String, primary_key=True),
    Column("identifier_hash", String, primary_key=True),
    Column("identifier_enc", LargeBinary, nullable=False),
    Column("subject_ref", String, nullable=False),
    Column("source", String, nullable=False),
    Column("since", String, nullable=False),
    Index("crosswalk_subject", "tenant", "subject_ref", "system"),
)

recording = Table(
    "recording",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("sha256", String),
    Column("path", String),
    Column("media_type", String),
    Column("bytes", BigInteger),
    Column("state", String, nullable=False),
    Column("code", String),
    Column("subject_ref", String),
    Column("updated_at", String, nullable=False),
    _one_of("state", ("fetched", "refused", "erased"), "recording_state"),
    Index("recording_subject", "subject_ref"),
)

scoring = Table(
    "scoring",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("scorer", String, nullable=False),
    Column("interview", String, nullable=False),
    Column("state", String, nullable=False),
    Column("ticket", String),
    Column("poll_at", String),
    Column("answer_enc", LargeBinary),
    Column("key_id", String),
    Column("code", String),
    Column("message", String),
    Column("subject_ref", String),
    Column("updated_at", String, nullable=False),
    _one_of("state", ("done", "pending", "refused"), "scoring_state"),
    Index("scoring_subject", "subject_ref"),
    Index("scoring_pending", "state", "poll_at"),
)

operation = Table(
    "operation",
    metadata,
    Column("id", String, primary_key=True),  # reference and revision
    Column("batch_id", String, nullable=False),
    Column("planned_in", String, nullable=False, server_default=""),
    Column("tenant", String, nullable=False),
    Column("target", String, nullable=False),
    Column("entity", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("subject_ref", String),
    Column("scope", String),
    Column("position", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("independent", Boolean, nullable=False),
    Column("adopted", Boolean, nullable=False, server_default=text("false")),
    Column("state", String, nullable=False),
    Column("stuck_from", String),
    Column("fingerprint", String, nullable=False),
    Column("mapping_version", String, nullable=False),
    Column("remote_id", String),
    Column("ticket", String),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("due_at", String),
    Column("sent_at", String),
    Column("verified_at", String),
    Column("undo_reason", String),
    Column("error_code", String),
    Column("error_field", String),
    Column("error_text", String),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    UniqueConstraint("reference", "revision", name="operation_revision"),
    _one_of("state", OPERATION_STATES, "operation_state"),
    _one_of("kind", ("create", "update", "delete"), "operation_kind"),
    Index("operation_work", "batch_id", "target", "state", "seq"),
    Index("operation_due", "target", "state", "due_at"),
    Index("operation_subject", "subject_ref"),
    Index("operation_scope", "scope"),
    # a row's place in these never changes, so that a night pays for them once
    Index("operation_planned", "seq", "id"),
    Index("operation_target", "target", "seq", "id"),
)
# neither resting nor merely planned: few rows among very many, of which pages and a person ask
UNSETTLED = (
    "waiting_identity", "intent", "accepted", "unknown", "rejected", "stuck", "comp_planned", "comp_intent", "comp_unknown",
)  # fmt: skip
UNSETTLED_SQL = f"({_alternatives('operation.state', UNSETTLED)})"
"""The index's condition as a query has to say it: a database sees that the index fits where the values are literals."""
_UNSETTLED = text(_alternatives("state", UNSETTLED))
Index(
    "operation_unsettled",
    operation.c.state,
    operation.c.seq,
    operation.c.id,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)

# apart from the operation: a state changes many times, and a small row makes each change cheap
content = Table(
    "content",
    metadata,
    Column("operation_id", String, primary_key=True),
    Column("document_enc", LargeBinary),
    Column("decision_enc", LargeBinary),
    Column("before_enc", LargeBinary),
    Column("key_id", String, nullable=False),
    Column("input_id", String),
    Index("content_input", "input_id"),
)

# what a person's decisions were made from; the operations of one night share it
decision_input = Table(
    "decision_input",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("subject_ref", String),
    Column("payload_enc", LargeBinary, nullable=False),
    Column("key_id", String, nullable=False),
    Column("created_at", String, nullable=False),
    Index("decision_input_subject", "subject_ref"),
)

# mapping and rules files as they were: no personal data
file_version = Table(
    "file_version",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("content", String, nullable=False),
    Column("stored_at", String, nullable=False),
)

release_plan = Table(
    "release_plan",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("flow", String, nullable=False),
    Column("base", Integer, nullable=False),
    Column("versions", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("planned_at", String, nullable=False),
)

release = Table(
    "release",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("flow", String, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("versions", String, nullable=False),
    Column("plan_id", String),
    Column("applied_at", String, nullable=False),
    Column("applied_by", String, nullable=False),
    Column("note", String, nullable=False),
)

shape = Table(
    "shape",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("flow", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("first_batch", String, nullable=False),
    Column("last_batch", String, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("noticed_batch", String),
    Column("example", String),
    _one_of("state", ("known", "new", "vanished"), "shape_state"),
)

# who was sent which version of a report; an address stands here as a keyed hash
mailing = Table(
    "mailing",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("report", String, nullable=False),
    Column("version", String, nullable=False),
    Column("subject_ref", String),
    Column("state", String, nullable=False),
    Column("code", String),
    Column("changed_at", String, nullable=False),
    _one_of("state", ("due", "sending", "sent", "unknown", "refused"), "mailing_state"),
    Index("mailing_report", "tenant", "report"),
    Index("mailing_due", "state"),
    Index("mailing_subject", "subject_ref"),
)

# what is, or was, wrong: one row from its beginning to its end
alert = Table(
    "alert",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("flow", String),
    Column("system", String),
    Column("code", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("path", String, nullable=False),
    Column("since", String, nullable=False),
    Column("over_at", String),
    Index("alert_since", "since"),
)
# the same happening is one alert until it is over
Index(
    "alert_open",
    alert.c.key,
    unique=True,
    sqlite_where=text("over_at IS NULL"),
    postgresql_where=text("over_at IS NULL"),
)

# one row a message and channel: an alert's beginning or end, or a day's digest
notice = Table(
    "notice",
    metadata,
    Column("id", String, primary_key=True),
    Column("about", String, nullable=False),
    Column("what", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("state", String, nullable=False),
    Column("code", String),
    Column("tries", Integer, nullable=False),
    Column("due_at", String, nullable=False),
    Column("changed_at", String, nullable=False),
    _one_of("what", ("began", "over", "digest"), "notice_what"),
    _one_of("state", ("due", "sending", "sent", "unknown", "refused", "dropped"), "notice_state"),
    Index("notice_due", "state", "due_at"),
    Index("notice_about", "about"),
)

chain = Table(
    "chain",
    metadata,
    Column("id", String, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("mac", String, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("chain", String, primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("about", String, nullable=False),
    Column("from_state", String),
    Column("to_state", String),
    Column("code", String, nullable=False),
    Column("note", String, nullable=False),
    Column("fence", BigInteger),
    Column("mac", String, nullable=False),
    Index("event_about", "about"),
    Index("event_at", "at", "chain", "n"),
    Index("event_code", "code", "at", "chain", "n"),
    Index(
        "event_actor",
        "actor",
        "at",
        "chain",
        "n",
        sqlite_where=text("actor <> 'trivet'"),
        postgresql_where=text("actor <> 'trivet'"),
    ),
    sqlite_with_rowid=False,
)

case = Table(
    "case",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("opened_at", String, nullable=False),
    Column("batch_id", String),
    Column("operation_id", String),
    Column("target", String),
    Column("subject_ref", String),
    Column("code", String, nullable=False),
    Column("message", String, nullable=False),
    Column("state", String, nullable=False),
    Column("decision", String),
    Column("decided_by", String),
    Column("decided_at", String),
    Column("note", String),
    _one_of("state", ("open", "closed"), "case_state"),
    Index("case_open", "state", "operation_id"),
)

# what a person stopped: a flow that is not to run, or a system that is not to be called
hold = Table(
    "hold",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("since", String, nullable=False),
    _one_of("kind", ("flow", "system"), "hold_kind"),
)

# a question to a named person about what of one batch waits for her
approval = Table(
    "approval",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("flow", String, nullable=False),
    Column("batch_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("causes", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("passkey", Boolean, nullable=False),
    Column("asked_at", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("remind_at", String),
    Column("escalate_at", String),
    Column("decided_by", String),
    Column("decided_at", String),
    Column("how", String),
    Column("note", String),
    _one_of("state", ("waiting", "approved", "rejected", "expired", "replaced"), "approval_state"),
    Index("approval_batch", "batch_id", "state"),
    Index("approval_state_asked", "state", "asked_at"),
)

# what somebody wants done that another person has to approve: a rollback, a corrected link
wish = Table(
    "wish",
    metadata,
    Column("approval_id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("batch_id", String),
    Column("subject_ref", String),
    Column("number_enc", LargeBinary),
    Column("asked_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("begun_at", String),
    Column("done_at", String),
    Column("outcome", String),
    _one_of("verb", ("rollback", "link", "unlink"), "wish_verb"),
    Index("wish_subject", "tenant", "subject_ref"),
)

# an operation that goes only when a named person has approved it
gate = Table(
    "gate",
    metadata,
    Column("operation_id", String, primary_key=True),
    Column("causes", String, nullable=False),
    Column("approval_id", String),
    Column("approved_by", String),
    Column("approved_at", String),
    Index("gate_approval", "approval_id"),
)

# a person's own device, by the public half of its key
passkey = Table(
    "passkey",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("title", String, nullable=False),
    Column("registered_at", String, nullable=False),
    Column("used_at", String),
    Index("passkey_person", "person"),
)

# what a passkey is asked to sign: once, soon, about one thing
challenge = Table(
    "challenge",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("about", String, nullable=False),
    Column("until", String, nullable=False),
    Column("used_at", String),
)

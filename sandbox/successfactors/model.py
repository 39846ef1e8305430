"""The tenant's data model: entities, properties, and what the vendor's `$metadata` says of them."""

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr


@dataclass(frozen=True, slots=True)
class Property:
    """One property; `writable` false is read-only at the vendor."""

    name: str
    type: str = "Edm.String"
    max_length: int | None = None
    writable: bool = True
    required: bool = False
    filterable: bool = True


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity set."""

    name: str
    key: str
    properties: tuple[Property, ...]
    generated_key: bool = False
    """The vendor gives the id; the caller cannot choose it."""
    read_only: bool = False

    def property(self, name: str) -> Property | None:
        """The property of that name."""
        return next((p for p in self.properties if p.name == name), None)


P = Property
_PERSON = P("userId", max_length=100, required=True)
_GOAL = (
    P("id", "Edm.Int64", writable=False),
    _PERSON,
    P("name", max_length=400, required=True),
    P("metric", max_length=4000),
    P("category", max_length=128),
    P("type", max_length=32),
    P("flag", "Edm.Int32"),
    P("state", max_length=64),
    P("stateLabel", max_length=64, writable=False, filterable=False),
    P("start", "Edm.DateTime"),
    P("due", "Edm.DateTime"),
    P("weight", "Edm.Double"),
    P("done", "Edm.Double"),
    P("guid", max_length=64, writable=False),
    P("planId", "Edm.Int64", writable=False),
    P("lastModified", "Edm.DateTime", writable=False),
    # a custom text field of the tenant's goal plan template; partners keep their own reference in one
    P("trivetRef", max_length=40),
)
ENTITIES = {
    entity.name: entity
    for entity in (
        Entity(
            "User",
            "userId",
            (
                P("userId", max_length=100),
                P("firstName", max_length=128),
                P("lastName", max_length=128),
                P("email", max_length=100),
                P("status", max_length=1),
            ),
            read_only=True,
        ),
        Entity("Goal_1", "id", _GOAL, generated_key=True),
        Entity("Goal_101", "id", _GOAL, generated_key=True),
        Entity(
            "cust_TrainingRecommendation",
            "externalCode",
            (
                P("externalCode", max_length=40, required=True),
                P("cust_userId", max_length=100, required=True),
                P("cust_courseCode", max_length=40, required=True),
                P("cust_courseTitle", max_length=200),
                P("cust_reason", max_length=1000),
                P("cust_score", "Edm.Double"),
                P("cust_dueDate", "Edm.DateTime"),
                P("lastModifiedDateTime", "Edm.DateTime", writable=False),
            ),
        ),
        Entity(
            "cust_TalentPoolEntry",
            "externalCode",
            (
                P("externalCode", max_length=40, required=True),
                P("cust_userId", max_length=100, required=True),
                P("cust_pool", max_length=40, required=True),
                P("cust_reason", max_length=1000),
                P("cust_readiness", "Edm.Int32"),
                P("cust_revisitOn", "Edm.DateTime"),
                P("lastModifiedDateTime", "Edm.DateTime", writable=False),
            ),
        ),
    )
}


def _said(true: bool) -> str:
    return str(true).lower()


def metadata() -> str:
    """The EDMX document."""
    types, sets = [], []
    for entity in ENTITIES.values():
        rows = [f'<Key><PropertyRef Name="{entity.key}"/></Key>']
        for p in entity.properties:
            length = f' MaxLength="{p.max_length}"' if p.max_length else ""
            write = str(p.writable and not entity.read_only).lower()
            rows.append(
                f'<Property Name={quoteattr(p.name)} Type="{p.type}" Nullable="{_said(not p.required)}"{length} '
                f'sap:creatable="{write}" sap:updatable="{write}" sap:upsertable="{write}" '
                f'sap:filterable="{_said(p.filterable)}" sap:required="{_said(p.required)}"/>'
            )
        types.append(f'<EntityType Name="{entity.name}">{"".join(rows)}</EntityType>')
        write = str(not entity.read_only).lower()
        sets.append(
            f'<EntitySet Name="{entity.name}" EntityType="SFOData.{entity.name}" sap:creatable="{write}" sap:updatable="{write}" '
            f'sap:upsertable="{write}" sap:deletable="{write}"/>'
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
        '<edmx:DataServices m:DataServiceVersion="2.0" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        '<Schema Namespace="SFOData" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" xmlns:sap="http://www.successfactors.com/edm/sap">'
        f"{''.join(types)}</Schema>"
        '<Schema Namespace="SFODataSet" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" xmlns:sap="http://www.successfactors.com/edm/sap">'
        f'<EntityContainer Name="EntityContainer" m:IsDefaultEntityContainer="true">{"".join(sets)}</EntityContainer></Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    )

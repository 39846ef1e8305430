"""What an entity is, and what the vendor's `$metadata` says of it."""

from collections.abc import Iterable
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


def _said(true: bool) -> str:
    return str(true).lower()


def metadata(entities: Iterable[Entity]) -> str:
    """The EDMX document."""
    types, sets = [], []
    for entity in entities:
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

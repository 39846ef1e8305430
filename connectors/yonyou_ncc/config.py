"""Settings of a Yonyou NCC connection."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from trivet.http import HttpSettings

from .secrecy import Level, Release, rsa_key

_CLOSED = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _path(text: str) -> str:
    if not text.startswith("/nccloud/api/") or "?" in text:
        raise ValueError("a path begins with /nccloud/api/ and has no ?")
    return text


def _key(text: str) -> str:
    # pasted from a page or a program: with line ends, blanks, PEM lines
    bare = re.sub(r"-----[A-Z ]+-----|\\[nr]|[\s\"']", "", text)
    try:
        rsa_key(bare)
    except ValueError:
        raise ValueError("no RSA key in base64; copy the whole 公钥 of the application") from None
    return bare


Path = Annotated[str, AfterValidator(_path)]


class DocumentConfig(BaseModel):
    """Where one kind of document is saved, queried and deleted."""

    model_config = _CLOSED

    save: Path
    """Path of its save, which takes `ufinterface.bill`."""
    query: Path
    """Path of its query, which takes `ufinterface.data` and `ufinterface.pageInfo`."""
    delete: Path
    """Path of its delete, which takes the list of its keys."""
    bill_type: str
    """`billtype` of the document."""
    key: str
    """Field with the document's key, such as pk_trainplan."""
    reference: str = "def20"
    """Field of its head that keeps our reference; a query takes it as a condition."""


class ListConfig(BaseModel):
    """One list that is read, whole every time."""

    model_config = _CLOSED

    path: Path
    """Its path."""
    code: str = "code"
    """Field with the number of a row."""
    conditions: dict[str, Any] = Field(default_factory=dict)
    """`ufinterface.data` of the query, such as {"pk_org": ["A01"]}."""


_LISTS: Mapping[str, ListConfig] = {
    "employees": ListConfig(path="/nccloud/api/uapbd/psndocmanage/querypsndoc/condition"),
    "courses": ListConfig(path="/nccloud/api/hrtrn/course/query"),
    "completions": ListConfig(path="/nccloud/api/hrtrn/trainresult/query"),
}


class NccConfig(HttpSettings):
    """One application's access to one 账套 (business centre)."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "client_id",
        "password": "client_secret",
    }

    base_url: str
    """Address of the server, such as https://ncc.example.com:8088, without /nccloud."""
    client_id: str
    """应用编码 of the application (OpenAPI 应用管理)."""
    client_secret: SecretStr
    """应用密文 of the same."""
    public_key: Annotated[str, AfterValidator(_key)]
    """公钥 of the same; an RSA key in base64."""
    biz_center: str
    """账套编码: code of the business centre, which decides on the data source."""
    user_code: str | None = None
    """Code of the user as whom the application works; without, the one of its registration."""
    group_code: str | None = None
    """集团编码, where the documents need it."""
    sender: str = "default"
    """发送方编码 (外部系统) of the documents."""
    release: Release = "2021.05"
    """"older" for releases before NC Cloud 2021.05, which sign without salt and encrypt the secret in an older way."""
    secret_level: Level | None = None
    """加密级别 of the application; without, the one that comes with the token."""
    token_texts: tuple[str, ...] = ("access_token has expired", "token失效")
    """Words of an answer that say that the token is not valid (any more)."""
    repeat_texts: tuple[str, ...] = ("重复请求", "repeat request")
    """Words of an answer that say that `busi_id` came before; not in the vendor's public pages."""
    documents: dict[str, DocumentConfig] = Field(
        default_factory=lambda: {
            name: DocumentConfig(
                save=f"/nccloud/api/hrtrn/{name}/save",
                query=f"/nccloud/api/hrtrn/{name}/query",
                delete=f"/nccloud/api/hrtrn/{name}/delete",
                bill_type=name,
                key=f"pk_{name}",
            )
            for name in ("trainplan", "kpiweight")
        }
    )
    """Documents that mappings may use, by entity; the standard product publishes none for training, so these are the
    customer's own."""
    lists: dict[str, ListConfig] = Field(default_factory=lambda: dict(_LISTS))
    """Lists that are read, by stream: employees; courses; completions. A list that is named here is replaced, the others
    stay; but for employees they are the customer's own."""
    page_size: int = Field(default=200, ge=1, le=500)
    """Rows in one page of a query."""

    @model_validator(mode="before")
    @classmethod
    def _lists_are_added(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("lists"), dict):
            return {**given, "lists": {**_LISTS, **given["lists"]}}
        return given

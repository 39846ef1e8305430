"""Judges documents by JSON Schema 2020-12: `jsonschema-rs` decides fast, `jsonschema` writes the readable error.

Where the two disagree the document is refused. A message names field, rule and limit, never the value: documents hold
personal data. What JSON Schema cannot say (NaN, NUL, half characters, bottomless nesting) is refused before it is asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

import jsonschema_rs

from trivet.documents.plain import first_fault
from trivet.errors import ConfigError

SUFFIX = ".schema.json"
MAX_VIOLATIONS = 20
"""A document that breaks more rules than this is described by the first ones."""
_LOOKED_AT = 500
DECIMALS = "decimals"
"""Our one keyword: at most so many decimals. `multipleOf: 0.1` refuses 0.3 in every validator that divides floats, and a list
of the 101 scores costs 130 µs a look."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule."""

    pointer: str
    """JSON pointer of the place, `` for the whole document."""
    code: str
    """SCHEMA_<KEYWORD>, TEXT_TOO_LONG, or what the schema's `errorCodes` says for its field."""
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '(document)'}: {self.message} [{self.code}]"


@dataclass(slots=True)
class Contracts:
    """Every schema of the deployment, compiled when first needed."""

    schemas: Mapping[str, dict[str, Any]]
    _fast: dict[str, Any] = field(default_factory=dict)
    _readable: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def packaged(cls) -> "Contracts":
        """The schemas that come with Trivet; read and compiled once a process."""
        return _packaged()

    def check(self, kind: str, document: Any) -> list[Violation]:
        """What the document breaks of its contract; nothing where it keeps it."""
        fault = first_fault(document)
        if fault is not None:
            return [Violation(fault.pointer, fault.code, fault.message)]
        quick = self._quick(kind)
        try:
            if quick.is_valid(document):
                return []
        except ValueError:
            # a key that is no text: `json` writes it down all the same
            return [Violation("", "JSON_TYPE", "is not a JSON document")]
        errors = islice(self._slow(kind).iter_errors(document), _LOOKED_AT)
        found = [violation for error in errors for violation in _violations(error)]
        if not found:
            found = [Violation("", "SCHEMA_DISAGREEMENT", "the two validators disagree; refused to be safe")]
        return sorted(set(found), key=lambda v: (v.pointer, v.code, v.message))[:MAX_VIOLATIONS]

    def schema(self, kind: str) -> dict[str, Any]:
        """The schema of that kind; `ConfigError` where there is none."""
        if kind not in self.schemas:
            near = get_close_matches(kind, self.schemas, n=1)
            raise ConfigError(
                f"no schema {kind!r}",
                code="SCHEMA_UNKNOWN",
                cure=f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(self.schemas))}",
            )
        return self.schemas[kind]

    def resolved(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema itself, where it only refers to another one; what stands beside the reference stays."""
        made = dict(schema)
        while "$ref" in made:
            file, _, name = str(made.pop("$ref")).partition("#/$defs/")
            made = {**self.schemas[file.removesuffix(SUFFIX)]["$defs"][name], **made}
        return made

    def _quick(self, kind: str) -> Any:
        if kind not in self._fast:
            schema = self.schema(kind)
            try:
                self._fast[kind] = jsonschema_rs.Draft202012Validator(
                    schema,
                    registry=jsonschema_rs.Registry([(s["$id"], s) for s in self.schemas.values()]),
                    validate_formats=True,
                    keywords={DECIMALS: _FastDecimals},
                )
            except ValueError as error:
                # else every document would be told that it is no JSON
                raise ConfigError(
                    f"schema {kind!r}: {str(error).splitlines()[0]}",
                    code="SCHEMA_INVALID",
                    cure="correct the schema, or its reference to another one",
                ) from None
        return self._fast[kind]

    def _slow(self, kind: str) -> Any:
        if kind not in self._readable:
            self._readable[kind] = _readable(self.schema(kind), self.schemas.values())
        return self._readable[kind]


@cache
def _packaged() -> Contracts:
    return Contracts(
        {
            entry.name.removesuffix(SUFFIX): json.loads(entry.read_text(encoding="utf-8"))
            for entry in files("trivet_schemas").iterdir()
            if entry.name.endswith(SUFFIX)
        }
    )


def _too_precise(decimals: int, value: Any) -> bool:
    # rounding gives the float nearest to the decimal: the very one that its literal was read as
    return isinstance(value, float) and round(value, decimals) != value


class _FastDecimals:
    def __init__(self, _parent: Any, decimals: int, _path: Any) -> None:
        self.decimals = decimals

    def validate(self, value: Any) -> None:
        """Raises ValueError where the value has more decimals."""
        if _too_precise(self.decimals, value):
            raise ValueError(DECIMALS)


def _readable(schema: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> Any:
    # imported for the first document that is refused: a tenth of a command's start
    import jsonschema
    from referencing import Registry, Resource

    def decimals(_validator: Any, most: int, value: Any, _schema: Any) -> Iterator[Any]:
        if _too_precise(most, value):
            yield jsonschema.ValidationError(DECIMALS)

    official = jsonschema.Draft202012Validator
    resources = [(one["$id"], Resource.from_contents(one)) for one in others]
    return jsonschema.validators.extend(official, {DECIMALS: decimals})(
        schema, registry=Registry().with_resources(resources), format_checker=official.FORMAT_CHECKER
    )


def _violations(error: Any) -> Iterator[Violation]:
    pointer = "".join(f"/{_escaped(part)}" for part in error.absolute_path)
    choice = _choice(error)
    if choice:
        yield Violation(pointer, f"SCHEMA_{error.validator.upper()}", choice)
        return
    # of several alternatives the one that came furthest says what is wrong
    if error.validator in ("anyOf", "oneOf") and error.context:
        deepest = max(error.context, key=lambda e: (len(e.absolute_path), e.validator != "type"))
        yield from _violations(deepest)
        return
    if error.validator is None:
        # a schema that is `false`; jsonschema loses the last step to it, so the pointer may be its parent's
        yield Violation(pointer, "SCHEMA_FALSE", "is, or holds, what is never allowed here")
        return
    codes = error.schema.get("errorCodes", {}) if isinstance(error.schema, dict) else {}
    code = codes.get(error.validator) or _CODES.get(error.validator) or f"SCHEMA_{error.validator.upper()}"
    if error.validator in _NAMING:
        for name, said in _NAMING[error.validator](error):
            yield Violation(f"{pointer}/{_escaped(name)}", code, said)
    else:
        yield Violation(pointer, code, _message(error))


def _unknown_names(error: Any) -> Iterator[tuple[str, str]]:
    known = list(error.schema.get("properties", {}))
    yield from ((name, _unknown(name, known)) for name in error.instance if name not in known)


def _missing_names(error: Any) -> Iterator[tuple[str, str]]:
    absent = (name for name in error.validator_value if name not in error.instance)
    yield from ((name, "is required and missing") for name in absent)


_NAMING = {"additionalProperties": _unknown_names, "required": _missing_names}
"""Rules about fields by name, each with what it says of which."""


def _choice(error: Any) -> str:
    """What to choose, where the alternatives differ in the fields that they require."""
    alternatives = error.validator_value if error.validator in ("anyOf", "oneOf") else []
    if not alternatives or any(not _only_requires(entry) for entry in alternatives):
        return ""
    ways = ", ".join(" with ".join(entry["required"]) for entry in alternatives)
    return f"needs {'exactly' if error.validator == 'oneOf' else 'at least'} one of: {ways}"


def _only_requires(entry: Any) -> bool:
    return isinstance(entry, dict) and set(entry) == {"required"}


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"unknown field{f', did you mean {near[0]!r}?' if near else ''}"


_CODES = {"maxLength": "TEXT_TOO_LONG"}
_SAYINGS = {
    "type": "is not of type {0}",
    "enum": "is not one of {0}",
    "const": "is not {0}",
    "minimum": "is below the minimum {0}",
    "maximum": "is above the maximum {0}",
    "exclusiveMinimum": "is not above {0}",
    "minLength": "is shorter than {0} characters",
    "maxLength": "is longer than {0} characters",
    "pattern": "does not match {0}",
    "format": "is not a valid {0}",
    "minItems": "has fewer than {0} entries",
    "maxItems": "has more than {0} entries",
    "uniqueItems": "holds an entry twice",
    "minProperties": "has fewer than {0} fields",
    "not": "is not allowed here",
    "oneOf": "fits more than one of the alternatives",
}


def _message(error: Any) -> str:
    said = error.validator_value
    told = error.schema.get("errorMessages", {}) if isinstance(error.schema, dict) else {}
    if error.validator in told:
        return str(told[error.validator])
    if isinstance(said, list):
        said = ", ".join(str(value) for value in said)
    return _SAYINGS.get(error.validator, f"breaks the rule {error.validator}").format(said)


def _escaped(part: Any) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")

"""A file put together from its layers: a branch's file says what differs from headquarters', which stays where it is.

A layer names another file in `extends`. What it says replaces the field, table, `let` or rule of that name as a whole, null
takes it away, everything else comes from below. The whole is judged by the same schema as a file without layers, and
remembers for every part which file and line it came from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.contracts import Violation
from trivet.documents.yaml_file import Loaded, complaints, read_yaml
from trivet.errors import ConfigError

BY_NAME = ("tables", "let", "fields", "common")
AS_A_WHOLE = ("metadata", "target", "each")
MOST_LAYERS = 8
Find = Callable[[str], Path]
"""Where the file of a name lies; `ConfigError` where there is none."""


@dataclass(slots=True)
class Layered:
    """The effective file. A file without `extends` is its own only layer."""

    name: str
    data: dict[str, Any]
    layers: list[Loaded]
    """The file itself first, then what it extends."""
    _origins: dict[str, tuple[Loaded, str]] = field(default_factory=dict)
    """Where the part at a pointer came from: the file, and the pointer in it."""

    def origin(self, pointer: str) -> tuple[Loaded, str]:
        """The file that says what stands at the pointer, and the pointer there."""
        above = pointer
        while above and above not in self._origins:
            above = above.rpartition("/")[0]
        loaded, there = self._origins.get(above, (self.layers[0], ""))
        return loaded, there + pointer[len(above) :]

    def has(self, pointer: str) -> bool:
        """Whether something stands at the pointer."""
        loaded, there = self.origin(pointer)
        return there in loaded.positions

    def place(self, pointer: str) -> str:
        """`file:line:column`."""
        loaded, there = self.origin(pointer)
        return loaded.place(there)

    @property
    def kind(self) -> str:
        """`rules` or `mapping`, as the file itself says."""
        return "rules" if isinstance(self.data, dict) and self.data.get("kind") == "Rules" else "mapping"

    @property
    def text(self) -> str:
        """Everything that the layers say."""
        return "\n".join(loaded.text for loaded in self.layers)


def load_layered(name: str, kind: str | None, find: Find, contracts: Contracts) -> Layered:
    """The effective file of that name, of its own kind where none is asked for.

    `ConfigError` tells the first complaint, how many more there are, and the cure.
    """
    made = compose(name, find)
    found = list(broken(made, kind or made.kind, contracts))
    if found:
        place, violation = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(
            f"{violation.pointer or 'the file'} {violation.message}{more}", code=violation.code, place=place,
            cure="`trivet check` lists every finding",
        )  # fmt: skip
    return made


def broken(made: Layered, kind: str, contracts: Contracts) -> Iterator[tuple[str, Violation]]:
    """What breaks its schema: each layer by itself, then the whole."""
    plain = True
    for loaded in made.layers:
        for found in complaints(loaded, _schema(loaded, kind), contracts):
            plain = False
            yield found
    if plain and len(made.layers) > 1:
        whole = Loaded(made.layers[0].file, made.data, {}, "", {})
        for _, violation in complaints(whole, kind, contracts):
            yield made.place(violation.pointer), violation


def _schema(loaded: Loaded, kind: str) -> str:
    return f"{kind}_layer" if isinstance(loaded.data, dict) and "extends" in loaded.data else kind


def compose(name: str, find: Find) -> Layered:
    """The file and what it extends, laid over each other; judged by nobody yet."""
    chain = [(name, read_yaml(find(name)))]
    while isinstance(chain[-1][1].data, dict) and isinstance(chain[-1][1].data.get("extends"), str):
        last = chain[-1][1]
        below = last.data["extends"]
        if below in [known for known, _ in chain] or len(chain) == MOST_LAYERS:
            raise ConfigError(
                f"extends {below!r}, which leads back here or too deep", code="LAYER_CIRCLE",
                place=last.place("/extends"), cure=f"at most {MOST_LAYERS} files, none twice",
            )  # fmt: skip
        try:
            chain.append((below, read_yaml(find(below))))
        except ConfigError as error:
            place = last.place("/extends")
            raise ConfigError(
                f"extends {below!r}: {error.message}", code=error.code, place=place, cure=error.cure
            ) from None
    made = _bottom(name, chain[-1][1])
    for _, loaded in reversed(chain[:-1]):
        if isinstance(loaded.data, dict) and isinstance(made.data, dict):
            _lay_over(made, loaded)
    made.layers = [loaded for _, loaded in chain]
    return made


def _bottom(name: str, loaded: Loaded) -> Layered:
    data = loaded.data
    if not isinstance(data, dict):
        return Layered(name, data, [loaded])
    made = Layered(name, dict(data), [loaded])
    for part in data:
        made._origins[f"/{part}"] = (loaded, f"/{part}")
    return made


def _lay_over(made: Layered, over: Loaded) -> None:
    if over.data.get("kind") != made.data.get("kind"):
        raise ConfigError(
            f"is of kind {over.data.get('kind')!r} and extends one of kind {made.data.get('kind')!r}",
            code="LAYER_KIND", place=over.place("/kind"),
        )  # fmt: skip
    for part in AS_A_WHOLE:
        if part in over.data:
            made.data[part] = over.data[part]
            made._origins[f"/{part}"] = (over, f"/{part}")
    for part in BY_NAME:
        if isinstance(over.data.get(part), dict):
            made.data[part] = _named(made, f"/{part}", made.data.get(part, {}), over, over.data[part])
    if made.kind == "rules" and isinstance(over.data.get("rules"), list):
        made.data["rules"] = _rules(made, over)


def _named(
    made: Layered,
    pointer: str,
    below: Mapping[str, Any],
    over: Loaded,
    said: Mapping[str, Any],
    there: str = "",
) -> dict[str, Any]:
    """Both, by name; what is said counts, and null takes away."""
    whole = dict(below)
    for name, value in said.items():
        at = f"{there or pointer}/{escaped(name)}"
        if value is not None:
            whole[name] = value
            made._origins[f"{pointer}/{escaped(name)}"] = (over, at)
        elif whole.pop(name, None) is None:
            raise _unknown(over, at, name, below)
    return whole


def _rules(made: Layered, over: Loaded) -> list[dict[str, Any]]:
    old = {rule["name"]: (rule, made.origin(f"/rules/{i}")) for i, rule in enumerate(made.data["rules"])}
    said = {
        rule["name"]: i
        for i, rule in enumerate(over.data["rules"])
        if isinstance(rule, dict) and "name" in rule
    }
    for name, i in said.items():
        if name not in old and over.data["rules"][i].get("off"):
            raise _unknown(over, f"/rules/{i}/name", name, old)
    kept = [n for n in old if n not in said or not over.data["rules"][said[n]].get("off")]
    order = [*kept, *(name for name in said if name not in old)]
    before = {pointer: origin for pointer, origin in made._origins.items() if pointer.startswith("/rules/")}
    made._origins = {pointer: o for pointer, o in made._origins.items() if not pointer.startswith("/rules/")}
    places = list(old)
    rules = []
    for i, name in enumerate(order):
        pointer = f"/rules/{i}"
        if name in old:
            made._origins[pointer] = old[name][1]
            was = f"/rules/{places.index(name)}/"
            for at, origin in before.items():
                if at.startswith(was):
                    made._origins[f"{pointer}/{at.removeprefix(was)}"] = origin
        rules.append(_rule(made, pointer, dict(old[name][0]) if name in old else {}, over, said.get(name)))
    return rules


def _rule(made: Layered, pointer: str, rule: dict[str, Any], over: Loaded, i: int | None) -> dict[str, Any]:
    if i is None:
        return rule
    there, said = f"/rules/{i}", over.data["rules"][i]
    if not rule:
        made._origins[pointer] = (over, there)
    for part, value in said.items():
        if part == "fields":
            below = rule.get("fields", {})
            rule["fields"] = _named(made, f"{pointer}/fields", below, over, value, f"{there}/fields")
        else:
            rule[part] = value
            made._origins[f"{pointer}/{part}"] = (over, f"{there}/{part}")
    return rule


def _unknown(over: Loaded, pointer: str, name: str, known: Mapping[str, Any]) -> ConfigError:
    near = get_close_matches(name, known, n=1)
    return ConfigError(
        f"takes {name!r} away, which the extended file does not have", code="LAYER_UNKNOWN",
        place=over.place(pointer), cure=f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}",
    )  # fmt: skip


def escaped(name: str) -> str:
    """The name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")

"""The line by which editors know a file's schema: `# yaml-language-server: $schema=../../schemas/mapping.schema.json`."""

import re
from collections.abc import Iterator
from pathlib import Path

from trivet.documents.yaml_file import Loaded
from trivet.mapping.check.finding import Finding

_HEAD = re.compile(r"^#\s*yaml-language-server:\s*\$schema=(\S*)", re.MULTILINE)


def head(home: Path, loaded: Loaded, kind: str) -> Iterator[Finding]:
    """Without the line an editor completes nothing; with a wrong one it marks right files as wrong."""
    shown = loaded.file.relative_to(home)
    right = f"{'../' * (len(shown.parts) - 1)}schemas/{kind}.schema.json"
    said = _HEAD.search(loaded.text)
    if said is None:
        message = (
            f"editors do not know what this file is: begin it with `# yaml-language-server: $schema={right}`"
        )
        yield Finding(str(shown), 1, 1, "EDITOR_HEAD", message)
        return
    line = loaded.text.count("\n", 0, said.start()) + 1
    column = said.start(1) - said.start() + 1
    named = said[1]
    if named.rpartition("/")[2] != f"{kind}.schema.json":
        message = f"editors would judge this file by {named or 'nothing'}: it is for {kind}.schema.json"
        yield Finding(str(shown), line, column, "EDITOR_HEAD", message)
    elif "://" not in named and (home / "schemas").is_dir() and not (loaded.file.parent / named).is_file():
        # a deployment may keep its mappings alone: where no schemas lie beside them no path is wrong
        message = f"{named} is no file: from here the schema is {right}"
        yield Finding(str(shown), line, column, "EDITOR_HEAD", message)

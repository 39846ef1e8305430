"""Rules and mappings: YAML with one JSONata expression per field, compiled into one expression per document."""

from trivet.mapping.files import FileVersion, Library
from trivet.mapping.run import Decision, Mapped, Mapping, Problem, Rules

__all__ = ["Decision", "FileVersion", "Library", "Mapped", "Mapping", "Problem", "Rules"]

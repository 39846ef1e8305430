"""Brings Trivet's plugin where this folder is mounted and the package's entry point is absent."""

from importlib.metadata import entry_points

# twice would be an import error in the UI: airflow refuses the second plugin of the same name
if not any(entry.name == "trivet" for entry in entry_points(group="airflow.plugins")):
    from trivet.airflow.plugin import TrivetPlugin  # noqa: F401  airflow looks for the class here

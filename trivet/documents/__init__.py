"""Documents: JSON judged by one schema; files that people edit are YAML judged the same way."""

from trivet.documents.contracts import Contracts, Violation

__all__ = ["Contracts", "Violation"]

"""BambooHR: applicant tracking, employees, training records, goals, employee events."""

from .routes import BambooHr

__all__ = ["BambooHr"]

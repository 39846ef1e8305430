"""What vendors call: a process of its own, never part of Airflow's."""

from trivet.inbound.app import create_app

__all__ = ["create_app"]

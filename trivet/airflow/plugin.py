"""Trivet in the Airflow UI. It comes by entry point, or by plugins/trivet_plugin.py where that is absent."""

from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin


class TrivetPlugin(AirflowPlugin):
    """The console, a button in the sidebar, entries in the menus, and a tab on each DAG and each run."""

    name = "trivet"
    external_views = [  # noqa: RUF012  the base class's form
        {
            "name": "Trivet",
            "href": "/trivet/",
            "destination": "nav",
            "url_route": "trivet",
            "nav_top_level": True,
        },
        {
            "name": "Deliveries · 投递记录",
            "href": "/trivet/deliveries",
            "destination": "nav",
            "url_route": "trivet-deliveries",
            "category": "browse",
        },
        {
            "name": "Cases · 待处理",
            "href": "/trivet/cases",
            "destination": "nav",
            "url_route": "trivet-cases",
            "category": "browse",
        },
        {
            "name": "Trivet",
            "href": "/trivet/dag?dag={DAG_ID}",
            "destination": "dag",
            "url_route": "trivet-flow",
        },
        {
            "name": "Trivet",
            "href": "/trivet/run?dag={DAG_ID}&run={RUN_ID}",
            "destination": "dag_run",
            "url_route": "trivet-batch",
        },
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]  # the base class has a list
        """The console, imported when the API server asks: each task's process loads plugins as well, and serves no page."""
        from trivet.airflow.web import app

        return [{"app": app, "url_prefix": "/trivet", "name": "Trivet"}]

"""`trivet serve`: the process that vendors call."""

from typing import Annotated

import typer

from trivet.cli import options, output


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; a proxy that ends TLS stands before it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8099,
) -> None:
    """Listen for the events of HR systems and for their orders of assessments, prove and store them, and start the flow for whom
    they are about.

    What has arrived is stored before it is answered. Where the connection `airflow` says how to reach Airflow's
    API, the flow's event DAG is started at once; without it they are taken by the next run, of a night or of
    `trivet run FLOW --fresh`.

    Example: `trivet serve --port 8099`, and `https://…/in/feishu_hire` as the address of the app's events
    """
    import uvicorn

    from trivet.flow.orders import ordered_through
    from trivet.inbound import create_app
    from trivet.inbound.waking import listened_to, open_waker

    with options.hub() as hub, open_waker(hub, told := listened_to(hub)) as waker:
        app = create_app(hub, waker.wake if waker else _nobody)
        server = uvicorn.Server(
            uvicorn.Config(
                app, host, port, log_level="warning", access_log=False, server_header=False,
                limit_concurrency=64, timeout_keep_alive=5, timeout_graceful_shutdown=10,
            )
        )  # fmt: skip
        listening = server.config.bind_socket()
        address = "http://{}:{}".format(*listening.getsockname()[:2])
        output.print_lines(
            [f"{address}/{path}" for path in (*(f"in/{name}" for name in told), *ordered_through(hub))]
            or [f"{address}: no flow pulls from a system that tells"]
        )
        if not waker:
            output.print_lines(["no connection `airflow`: what is told waits for the next run"])
        server.run(sockets=[listening])


def _nobody() -> None:
    """Nobody is to be woken."""

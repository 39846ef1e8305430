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
    """Listen for the events of HR systems, prove them, and store them for the next run.

    Events that have arrived are stored before they are answered, and taken by the next run of a flow of that system.

    Example: `trivet serve --port 8099`, and `https://…/in/feishu_hire` as the address of the app's events
    """
    import uvicorn

    from trivet.contract import InboundConnector
    from trivet.flow.definition import flow_files, load_flow
    from trivet.inbound import create_app
    from trivet.registry import offers

    with options.hub() as hub:
        flows = [load_flow(hub.settings.home, file.stem) for file in flow_files(hub.settings.home)]
        names = dict.fromkeys(name for flow in flows for name in flow.sources())
        told = [name for name in names if offers(InboundConnector, hub.connections(name).connector)]
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(hub), host, port, log_level="warning", access_log=False, server_header=False,
                limit_concurrency=64, timeout_keep_alive=5, timeout_graceful_shutdown=10,
            )
        )  # fmt: skip
        listening = server.config.bind_socket()
        address = "http://{}:{}".format(*listening.getsockname()[:2])
        output.print_lines(
            [f"{address}/in/{name}" for name in told]
            or [f"{address}: no flow pulls from a system that tells"]
        )
        server.run(sockets=[listening])

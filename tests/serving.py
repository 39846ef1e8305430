"""What `trivet serve` serves, over a real socket, in a thread of this process: it is there at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from trivet.inbound import create_app


@contextmanager
def served(hub: Any) -> Iterator[str]:
    """Its address."""
    config = uvicorn.Config(create_app(hub), port=0, log_level="error", access_log=False)
    server, listening = uvicorn.Server(config), config.bind_socket()
    # whoever calls before the server is at work waits
    listening.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()

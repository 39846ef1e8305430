"""`python -m trivet_sandbox up`: the stand-ins until Ctrl-C."""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from .running import VENDORS, start


def main() -> int:
    """0 when stopped by a signal."""
    parser = argparse.ArgumentParser(
        prog="trivet sandbox", description="Stand-in vendor servers on 127.0.0.1."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start them and stay until Ctrl-C")
    up.add_argument("--only", default=",".join(VENDORS), help="comma list of stand-ins (default: all)")
    up.add_argument("--port", type=int, default=0, help="first port (default: free ones)")
    up.add_argument("--state", type=Path, help="folder that keeps their state (default: in memory)")
    up.add_argument("--announce", type=Path, help="write addresses and credentials to this JSON file")
    up.add_argument("--connections", type=Path, help="write connections for Trivet to this JSON file")
    up.add_argument("--candidates", type=int, help="a company of this many candidates")
    options = parser.parse_args()
    try:
        sandbox = start(
            options.only.split(","), options.state, size=options.candidates, first_port=options.port
        )
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with sandbox:
        _write(options.announce, sandbox.announce())
        _write(options.connections, sandbox.connections())
        for name, running in sandbox.servers.items():
            print(f"{name:16} {running.base_url}", flush=True)
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        stopped.wait()
    return 0


def _write(file: Path | None, value: object) -> None:
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
    part.chmod(0o600)
    part.replace(file)


if __name__ == "__main__":
    sys.exit(main())

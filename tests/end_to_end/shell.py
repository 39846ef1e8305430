"""The command line, as a user runs it in a deployment of the fixture world."""

import json
import os
import subprocess
from typing import Any

import entrance
from conftest import World


def command(world: World, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """The command with `given` on its standard input, whatever its exit code; `more` is of the environment."""
    there = {**os.environ, **world.environment(), "USER": "ann", **more}
    done = entrance.trivet(*words, environment=there, given=given.encode())
    return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())


def run(world: World, *words: str, exits: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
    """The command; it ends with that exit code and without a traceback."""
    done = command(world, *words, **more)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == exits, done.stdout + done.stderr
    return done


def trivet(world: World, *words: str, exits: int = 0, **more: str) -> str:
    """What the command prints on both streams."""
    done = run(world, *words, exits=exits, **more)
    return done.stdout + done.stderr


def rows(world: World, *words: str, exits: int = 0, **more: str) -> Any:
    """What the command prints as JSON."""
    return json.loads(run(world, *words, "--json", exits=exits, **more).stdout)

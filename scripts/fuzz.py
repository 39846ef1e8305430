"""Coverage-guided fuzzing of the parsers that strangers reach first (`tests/fuzz/parsers.py`).

    python -m scripts.fuzz --seconds 60               each parser for a minute, one after the other
    python -m scripts.fuzz --parser yaml --seconds 300

What is found lies in tests/fuzz/findings/<parser>/ and is from then on a case of `make test`; what the fuzzer learnt lies in
.fuzz/<parser>/, so that the next run goes on. Needs atheris, which has wheels for Linux on x86-64.
"""

import argparse
import logging
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = ("webhook", "envelope", "json", "yaml", "xml", "paper", "pdf")
LONGEST = 4096
"""Bytes of an input."""
SLOW = 10
"""Seconds after which one input is a finding."""


def main() -> int:
    """Exit code 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each parser (default: 60)")
    parser.add_argument("--parser", choices=NAMES, action="append", help="only this one; may be repeated")
    parser.add_argument("--inside", choices=NAMES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        _fuzz(given.inside, given.seconds)
    # a finding ends its process, and the other parsers have their turn all the same
    failed = [name for name in given.parser or NAMES if _run(name, given.seconds)]
    print(f"found something in: {', '.join(failed)}" if failed else "nothing found")
    return 1 if failed else 0


def _run(name: str, seconds: int) -> bool:
    command = [sys.executable, "-m", "scripts.fuzz", "--inside", name, "--seconds", str(seconds)]
    print(f"{name}: {seconds} s", flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode != 0


def _fuzz(name: str, seconds: int) -> None:
    import atheris

    # only what is imported inside is watched: the rest, and the standard library, would drown it
    with atheris.instrument_imports(include=["trivet", "trivet_connectors", "ruamel", "pypdf"]):
        from tests.fuzz.parsers import PARSERS

    learnt, findings = ROOT / ".fuzz" / name, ROOT / "tests" / "fuzz" / "findings" / name
    for folder in (learnt, findings):
        folder.mkdir(parents=True, exist_ok=True)
    # the parsers' own complaints would be most of what is done
    logging.disable()
    options = [
        f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOW}", "-rss_limit_mb=2048", "-print_final_stats=1",
        "-verbosity=0", "-use_value_profile=1", f"-artifact_prefix={findings}/", str(learnt),
        str(ROOT / "tests" / "fuzz" / "seeds" / name),
    ]  # fmt: skip
    atheris.Setup([name, *options], PARSERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())

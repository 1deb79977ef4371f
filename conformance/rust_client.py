"""Runs the tests of the Rust client against servers in processes of their own.

The first is LlamaIndex's server, the second is `conformance-server` on SQLite. Both host the
workflows of `llama/fixtures.md`. Run it with the packages of `requirements-reference.txt`, and
`STEPWELL_CONFORMANCE_BIN` as the path of `conformance-server`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from program import Program, binary

TESTS = ["cargo", "test", "-p", "stepwell-client", "--test", "suite"]


def check(variable: str, command: list[str], log: Path) -> bool:
    """Starts a server and tells whether the tests pass on it, and it outlives them."""
    server = Program(command, log).start()
    print(f"\n{variable}={server.base_url}", flush=True)
    try:
        environment = os.environ | {variable: server.base_url}
        passed = subprocess.run(TESTS, check=False, env=environment).returncode == 0
        if not server.is_alive:
            print(f"the server is gone:\n{server.stderr()}", file=sys.stderr)
        return passed and server.is_alive
    finally:
        server.close()


def main() -> int:
    folder = Path(__file__).resolve().parent
    stepwell = binary("STEPWELL_CONFORMANCE_BIN", "conformance-server")
    with tempfile.TemporaryDirectory(prefix="rust-client-") as place:
        place = Path(place)
        reference = [
            sys.executable,
            str(folder / "llama" / "reference_server.py"),
            *("--port", "0", "--heartbeat", "1"),
        ]
        ours = [
            stepwell,
            *("--listen", "127.0.0.1:0", "--heartbeat", "1"),
            *("--store", f"sqlite:{place / 'runs.db'}"),
        ]
        results = [
            check("CLIENT_SUITE_REFERENCE", reference, place / "reference.log"),
            check("CLIENT_SUITE_STEPWELL", ours, place / "stepwell.log"),
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

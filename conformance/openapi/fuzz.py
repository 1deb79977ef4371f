"""Fuzzes a server with requests that are made from its OpenAPI document.

`python fuzz.py --help` tells the rest. Exits with 0 if no request was answered in a way that the
document does not allow, the server lives, and there were as many requests as wanted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from program import PATIENCE, Program, binary  # noqa: E402

# What is run before the fuzzing begins: workflow, handler, and what becomes of it.
HANDLERS = [
    ("hello", "completed", "completed"),
    ("fail", "failed", "failed"),
    ("human", "cancelled", "cancelled"),
]


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="stepwell-fuzz-") as folder:
        server = conformance_server(arguments.store, Path(folder))
        server.start()
        try:
            fields = prepare(server.base_url)
            outcomes = [
                fuzz(server.base_url, seed, arguments.max_examples, fields, Path(folder))
                for seed in arguments.seeds
            ]
            assert server.is_alive, f"the server died:\n{server.stderr()}"
            assert server.stop() == 0
        finally:
            server.close()
    cases = sum(cases for _, cases in outcomes)
    failed = [seed for seed, (code, _) in zip(arguments.seeds, outcomes, strict=True) if code]
    print(f"seeds {arguments.seeds}: {cases} cases")
    if cases < arguments.least:
        print(f"that is less than {arguments.least}", file=sys.stderr)
        return 1
    if failed:
        print(f"failed with seeds {failed}", file=sys.stderr)
    return 1 if failed else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="one run for each")
    parser.add_argument(
        "--max-examples", type=int, default=100, help="random requests per endpoint and phase"
    )
    parser.add_argument("--least", type=int, default=2000, help="how many there have to be")
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory")
    return parser.parse_args()


def conformance_server(store: str, folder: Path) -> Program:
    place = {"memory": "memory", "sqlite": f"sqlite:{folder / 'runs.db'}"}[store]
    command = [binary("STEPWELL_CONFORMANCE_BIN", "conformance-server")]
    command += ["--listen", "127.0.0.1:0", "--store", place]
    return Program(command, folder / "stderr.log")


def prepare(url: str) -> dict[str, list[str]]:
    """Starts handlers that end; returns the fields of start events, by workflow."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as http:
        for workflow, handler, status in HANDLERS:
            start = "run-nowait" if status == "cancelled" else "run"
            http.post(f"/workflows/{workflow}/{start}", json={"handler_id": handler})
            if status == "cancelled":
                http.post(f"/handlers/{handler}/cancel")
            record = http.get(f"/handlers/{handler}").json()
            assert record.get("status") == status, record
        return {
            workflow: list(http.get(f"/workflows/{workflow}/schema").json()["start"]["properties"])
            for workflow in http.get("/workflows").json()["workflows"]
        }


def operations(url: str) -> set[str]:
    paths = httpx.get(f"{url}/openapi.json", timeout=PATIENCE).json()["paths"]
    named = {operation["operationId"] for path in paths.values() for operation in path.values()}
    # The document itself is what requests are made from, and it was read.
    return named - {"getDocument"}


def fuzz(
    url: str, seed: int, max_examples: int, fields: dict[str, list[str]], folder: Path
) -> tuple[int, int]:
    """Runs schemathesis; returns its exit code and how many requests it made."""
    report, succeeded = folder / f"report-{seed}.json", folder / f"succeeded-{seed}.json"
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"]
    command += ["--url", url, "--seed", str(seed), "--max-examples", str(max_examples)]
    command += ["--checks", "all", "--report-json-path", str(report), "--no-color"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "STEPWELL_START_FIELDS": json.dumps(fields),
        "STEPWELL_SUCCEEDED": str(succeeded),
    }
    code = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    if not report.exists():
        return code or 1, 0
    told = json.loads(report.read_text())
    assert told["complete"], told
    # A server that refuses everything would pass all checks.
    never = operations(url) - set(json.loads(succeeded.read_text()))
    if never:
        print(f"never succeeded with seed {seed}: {sorted(never)}", file=sys.stderr)
    return code or int(bool(never)), told["test_cases"]["generated"]


if __name__ == "__main__":
    sys.exit(main())

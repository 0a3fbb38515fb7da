"""`python -m tests.fuzz [TARGET…] [--seconds N]`: atheris, coverage-guided, each target in a process of its own.

Prints how many executions each target had. Status 1 where one broke; the input that broke it is
written to fixtures/fuzz/TARGET, where the tests will try it for ever. Needs the extra `fuzz`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MEMORY_MB, _ONE_S = 1024, 10
"""More than this, or longer for one input, is a failure too."""


def _fuzz(name: str, arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["netdiag", "scapy.layers", "pysnmp.proto"]):
        from scapy.layers import dhcp, dhcp6, inet6, l2  # noqa: F401  what decodes is followed too

        from tests.fuzz.targets import TARGETS

    atheris.Setup([sys.argv[0], *arguments], TARGETS[name].run)
    atheris.Fuzz()


def _run(name: str, seconds: int) -> bool:
    from tests.fuzz.targets import FIXTURES, TARGETS, regressions

    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        for path in regressions(name):
            (Path(folder) / path.name).write_bytes(path.read_bytes())
        (FIXTURES / name).mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [
                sys.executable, "-m", "tests.fuzz", name, "--inside",
                f"-max_total_time={seconds}", f"-max_len={target.size}", f"-timeout={_ONE_S}",
                f"-rss_limit_mb={_MEMORY_MB}", "-print_final_stats=1",
                f"-artifact_prefix={FIXTURES / name}/", folder,
            ],
            check=False, capture_output=True, text=True, errors="replace", cwd=ROOT,
        )  # fmt: skip
    if not any((FIXTURES / name).iterdir()):
        (FIXTURES / name).rmdir()
    found = re.search(r"stat::number_of_executed_units: *(\d+)", done.stderr)
    peak = re.search(r"stat::peak_rss_mb: *(\d+)", done.stderr)
    runs, memory = (m.group(1) if m else "?" for m in (found, peak))
    print(f"{name:10} {runs:>10} executions in {seconds} s, {memory} MB at most: ", end="")
    print("held" if done.returncode == 0 else "BROKE")
    if done.returncode != 0:
        print(done.stderr[-4000:])
    return done.returncode == 0


def main() -> int:
    if "--inside" in sys.argv:
        place = sys.argv.index("--inside")
        _fuzz(sys.argv[place - 1], sys.argv[place + 1 :])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("target", nargs="*")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    options = parser.parse_args()
    if find_spec("atheris") is None:
        parser.error("atheris is not installed: pip install '.[fuzz]'")
    from tests.fuzz.targets import TARGETS

    unknown = set(options.target) - set(TARGETS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: the targets are {', '.join(TARGETS)}")
    held = [_run(name, options.seconds) for name in options.target or TARGETS]
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())

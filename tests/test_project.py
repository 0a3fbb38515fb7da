"""The house itself: what it imports, how it starts, and that its papers are true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from netdiag import errors
from netdiag.model import Kind

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "scapy",
    "pysnmp",
    "netmiko",
    "networkx",
    "pandas",
    "numpy",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "nornir",
    "asyncssh",
    "jinja2",
    "rich",
    "paramiko",
    "ruamel",
)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['netdiag', '--help']\n"
        "from netdiag.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: assert e.code == 0, e.code\n"
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Commands:" in done.stdout


def test_only_the_capture_process_imports_scapy():
    for path in (ROOT / "netdiag").rglob("*.py"):
        if path.parent.name == "capture":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not any(n.split(".")[0] == "scapy" for n in names), str(path)


def test_every_error_is_in_the_tree_that_the_docstring_draws():
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) | {"NetdiagError"}
    made = {
        n
        for n, v in vars(errors).items()
        if isinstance(v, type) and issubclass(v, errors.NetdiagError)
    }
    assert made == drawn


def test_every_playbook_is_named_after_a_kind():
    files = {p.stem for p in (ROOT / "playbooks").glob("*.yaml")}
    assert "area-outage" in files
    assert files <= {k.value for k in Kind}


@pytest.mark.parametrize("name", ["netdiag demo", "pytest"])
def test_the_readme_has_its_two_lines(name):
    inside, lines = False, []
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside:
            lines.append(line)
    assert any(name in line and "venv" in line for line in lines)


def test_the_six_packages_are_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[><=\[ ]", d)[0] for d in project["dependencies"]}
    assert {"scapy", "pysnmp", "netmiko", "networkx", "pandas", "click"} <= required


def test_modules_stay_readable():
    long = {
        str(p.relative_to(ROOT)): n
        for p in (ROOT / "netdiag").rglob("*.py")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long

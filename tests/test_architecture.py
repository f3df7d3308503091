"""The borders hold, and each border is seen to fail when a violation is planted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture_rules import violations

ROOT = Path(__file__).parents[1]
ROOMS = ("policies", "signer", "archive", "api")


def test_the_tree_has_no_violation():
    assert violations(ROOT) == []


PLANTED = [
    ("policies/planted.py", "from datetime import datetime\nx = datetime.now()\n", "clock"),
    ("policies/planted.py", "import os\n", "pure"),
    ("policies/planted.py", "x = open('a')\n", "pure"),
    ("signer/planted.py", "import time\nx = time.time()\n", "clock"),
    ("api/planted.py", "import datetime\nx = datetime.datetime.now()\n", "clock"),
    ("api/routes/planted.py", "from archive.storage.directory import DirectoryStore\n", "adapters"),
    ("api/routes/planted.py", "def f():\n    from signer.keys import pkcs12\n", "adapters"),
    ("archive/planted.py", "import sqlalchemy\n", "SQLAlchemy"),
    ("api/planted.py", "def f():\n    from sqlalchemy import text\n", "SQLAlchemy"),
]


@pytest.mark.parametrize(
    ("path", "text", "word"), PLANTED, ids=lambda value: str(value)[:30].replace("\n", " ")
)
def test_a_planted_violation_is_found(tmp_path, path, text, word):
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    assert any(word in violation.what for violation in violations(tmp_path))


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__", "*.ttf"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, env={"PYTHONPATH": str(root), "PATH": ""}
    )


BORDERS = [
    ("policies/planted.py", "import signer.errors", "policies imports values only"),
    ("signer/planted.py", "import archive.errors", "signer never imports archive, api or the web"),
    ("signer/planted.py", "def f():\n    import fastapi", "signer never imports archive, api or the web"),
    ("archive/planted.py", "import signer.errors", "archive knows no PDF, no signer, no web"),
    ("api/planted.py", "import pikepdf", "pyHanko, pikepdf and PDFium only in signer"),
    ("api/planted.py", "import minio", "the minio SDK only in archive.storage"),
    ("archive/fsck/planted.py", "import archive.ingest", "what audits never imports what writes"),
    (
        "signer/validation/planted.py",
        "def f():\n    import signer.creation.token",
        "creation and validation never import each other",
    ),
    (
        "signer/crosscheck/planted.py",
        "import signer.document.reader",
        "the second opinion shares no code with validation or creation",
    ),
]


def test_the_borders_hold(copy):
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("path", "text", "contract"), BORDERS, ids=lambda value: str(value)[:40])
def test_a_planted_import_breaks_its_border(copy, path, text, contract):
    planted = copy / path
    planted.write_text(text + "\n")
    try:
        result = lint_imports(copy)
    finally:
        planted.unlink()
    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout


def test_there_is_no_import_cycle():
    """Function-level imports count. Cycles between modules are what makes a tree hard to change."""
    import grimp

    graph = grimp.build_graph(*ROOMS)
    edges = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    left = dict(edges)
    while True:
        free = {module for module, needs in left.items() if not (needs & left.keys())}
        if not free:
            break
        left = {module: needs for module, needs in left.items() if module not in free}
    # What is left lies on a cycle or leads into one.
    on_cycle = {module for module in left if any(module in edges[needed] for needed in edges[module])}
    assert left == {}, f"import cycle among: {sorted(on_cycle or left)}"

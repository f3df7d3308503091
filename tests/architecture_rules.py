"""What imports cannot show, read off the syntax tree: the clock, the environment, files, named adapters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
CLOCK_READERS = {"api/wiring/clock.py"}
IMPURE_CALLS = CLOCK | {
    "open",
    "input",
    "os.getenv",
    "os.environ.get",
    "time.monotonic",
    "random.random",
    "uuid.uuid4",
}
IMPURE_MODULES = {
    "os",
    "io",
    "pathlib",
    "socket",
    "subprocess",
    "random",
    "secrets",
    "time",
    "threading",
    "urllib",
}
ADAPTERS = (
    "archive.storage.directory",
    "archive.storage.memory",
    "archive.storage.s3",
    "signer.keys.pkcs12",
    "signer.keys.development",
    "signer.timestamping.rfc3161",
    "signer.timestamping.direct",
    "signer.trust.revocation",
    "signer.trust.revocation_cache",
)
ADAPTER_USERS = ("api/wiring/", "api/demo/")
SQL_HOMES = ("archive/catalogue/", "api/store/", "api/transactions.py", "api/migrations/")
ROOMS = ("policies", "signer", "archive", "api")


@dataclass(frozen=True)
class Violation:
    path: str
    line: int
    what: str


def violations(root: Path) -> list[Violation]:
    """Every violation below `root`, room by room."""
    found: list[Violation] = []
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            tree = ast.parse(path.read_text("utf-8"))
            found.extend(Violation(name, line, what) for line, what in _of_module(name, tree))
    return found


def _of_module(name: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _dotted(node.func)
            if _ends(called, CLOCK) and name not in CLOCK_READERS:
                yield node.lineno, f"reads the clock: {called}"
            if name.startswith("policies/") and _ends(called, IMPURE_CALLS):
                yield node.lineno, f"policies are pure: {called}"
        for module in _imported(node):
            if name.startswith("policies/") and module.split(".")[0] in IMPURE_MODULES:
                yield node.lineno, f"policies are pure: imports {module}"
            if module.startswith(ADAPTERS) and _names_adapter(name):
                yield node.lineno, f"adapters are named in api/wiring: imports {module}"
            if module.split(".")[0] == "sqlalchemy" and not name.startswith(SQL_HOMES):
                yield node.lineno, "SQLAlchemy lives in archive/catalogue and api/store"
        if isinstance(node, ast.Attribute) and name.startswith("policies/") and _dotted(node) == "os.environ":
            yield node.lineno, "policies are pure: environment"


def _names_adapter(name: str) -> bool:
    return name.startswith("api/") and not name.startswith(ADAPTER_USERS)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _ends(called: str, names: set[str]) -> bool:
    return any(called == name or called.endswith("." + name) for name in names)

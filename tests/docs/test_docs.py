"""The documentation says what is: links, commands, options, settings, endpoints, sub-indications, words."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import click
import jsonschema
import pytest

from api import problems
from api.app import create_app
from api.cli import antin
from api.pages.texts import TEXTS
from api.settings import KeySettings, ObjectStoreSettings, Settings, WitnessSettings
from policies.reasons.catalogue import MODULES, all_reasons
from policies.refusals import Reason
from policies.vocabulary import Changes, Indication, Level, Role, State, SubIndication

ROOT = Path(__file__).parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.M | re.S)
# Put together here, so that no file of the tree names a package registry.
_HOSTS = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("docker", "io"))
REGISTRIES = [".".join(parts) for parts in _HOSTS]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    return path.read_text("utf-8")


def prose(page: str) -> str:
    return FENCE.sub("", page)


# Links


def slug(heading: str) -> str:
    """A heading's anchor as code hosts make it."""
    plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchors(path: Path) -> set[str]:
    return {slug(found) for found in re.findall(r"^#+ (.*)$", prose(text(path)), re.M)}


def targets(page: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [*found, *re.findall(r"""(?:src|href|srcset)=["']([^"'\s]+)""", prose(page))]


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_relative_link_and_picture_is_there(path):
    for target in targets(text(path)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{named(path)}: {target}"
        assert file.is_relative_to(ROOT)
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{named(path)}: {target}"


def test_every_page_of_the_docs_is_reachable_from_the_readme():
    seen, left = set(), [ROOT / "README.md"]
    while left:
        path = left.pop()
        seen.add(path)
        for target in targets(text(path)):
            file = (path.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.exists() and file not in seen:
                left.append(file)
    assert {named(path) for path in (ROOT / "docs").rglob("*.md")} <= {named(path) for path in seen}


# Commands


def commands(path: Path) -> list[str]:
    """Command lines of the console blocks and of inline code, without prompt and continuation."""
    found = []
    for kind, block in FENCE.findall(text(path)):
        if kind in ("console", "sh"):
            lines = block.replace("\\\n", " ").splitlines()
            found += [
                line.removeprefix("$ ").strip() for line in lines if kind == "sh" or line.startswith("$ ")
            ]
    found += re.findall(r"`((?:antin|make) [^`]+)`", prose(text(path)))
    return found


def words_of(line: str) -> list[str]:
    """The words of the first command of a line, without variables before it."""
    words = shlex.split(re.split(r"\s*(?:\||>|;|&&)", line)[0], comments=True)
    while words and re.fullmatch(r"\w+=\S*", words[0]):
        words.pop(0)
    return words


def check_command(words: list[str]) -> None:
    command: click.Command = antin
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"no command {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h", "--version"}
    for word in rest:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"{command.name} has no {word}"


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_command_line_names_what_exists(path):
    makefile = set(re.findall(r"^([a-z][a-z-]*):", text(ROOT / "Makefile"), re.M))
    for line in commands(path):
        words = words_of(line)
        if words and words[0].endswith("antin"):
            check_command(words)
        if words and words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= makefile, line


def test_a_wrong_command_would_be_found():
    for line in ("antin verfy x", "antin verify --ofline x", "antin account remove x"):
        with pytest.raises(AssertionError):
            check_command(words_of(line))


def test_every_command_is_told_of():
    told = [words_of(line) for path in PAGES for line in commands(path)]
    for name, command in antin.commands.items():
        assert any(words[1:2] == [name] for words in told), name
        for below in getattr(command, "commands", {}):
            assert any(words[1:3] == [name, below] for words in told), f"{name} {below}"


# Contracts


def test_every_setting_is_documented_with_its_default():
    settings = text(ROOT / "docs/operator.md").partition("## Settings")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", settings, re.M))
    for name, field in Settings.model_fields.items():
        assert name in rows, name
        shown = rows[name].replace("`", "")
        default = field.default
        if isinstance(default, bool):
            assert shown == str(default).lower(), name
        elif isinstance(default, int | float):
            assert float(shown.replace(",", "")) == default, name
        elif default in ("", None, ()):
            assert shown == "–", name
        else:
            assert shown == str(default), name
    for group in (KeySettings, ObjectStoreSettings, WitnessSettings):
        for name in group.model_fields:
            assert name in rows, name
    groups = (Settings, KeySettings, ObjectStoreSettings, WitnessSettings)
    assert set(rows) == {name for group in groups for name in group.model_fields}


def test_every_endpoint_is_documented_and_none_besides():
    services = SimpleNamespace(settings=SimpleNamespace(upload_limit=1), demo=None, traffic=None)
    paths = create_app(services, own_jobs=False).openapi()["paths"]
    real = {
        f"{method.upper()} {path.removeprefix('/api/v1')}" for path, row in paths.items() for method in row
    }
    told = set(re.findall(r"^\| `((?:GET|POST|DELETE|PUT|PATCH) /\S*)` \|", text(ROOT / "docs/api.md"), re.M))
    assert told == real


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("docs/huong-dan-kiem-tra.md", [*SubIndication, *Indication, *Changes, *Level]),
        ("docs/verify.md", [*SubIndication, *Indication, *Changes, *Level]),
        ("docs/architecture.md", [*State]),
        ("docs/operator.md", [role for role in Role if role is not Role.PUBLIC]),
    ],
)
def test_every_word_of_the_vocabulary_is_explained(page, words):
    found = text(ROOT / page)
    for word in words:
        assert f"`{word}`" in found, word


def test_the_statuses_that_the_api_page_tells_are_those_given():
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", text(ROOT / "docs/api.md"), re.M)
    told = [(int(status), found) for status, row in rows for found in re.findall(r"`([a-z]+\.[a-z-]+)`", row)]
    assert len(told) > 10
    for status, found in told:
        assert found in all_reasons()
        assert problems.status_of(found) == status, found


def test_the_examples_of_the_verify_contract_keep_to_its_schema():
    schema = json.loads(text(ROOT / "docs/antin.verify-1.schema.json"))
    blocks = [block for kind, block in FENCE.findall(text(ROOT / "docs/verify.md")) if kind == "json"]
    assert len(blocks) >= 2
    for block in blocks:
        jsonschema.validate(json.loads(block), schema)


def test_ids_of_reasons_that_the_docs_name_exist_and_each_has_one_row():
    rows = [value for module in MODULES for value in vars(module).values() if isinstance(value, Reason)]
    known = all_reasons()
    assert len({id(row) for row in rows}) == len(known)
    subjects = "|".join({name.partition(".")[0] for name in known})
    for path in PAGES:
        for found in re.findall(rf"[`\"]((?:{subjects})\.[a-z-]+)[`\"]", text(path)):
            is_module = (ROOT / found.replace(".", "/")).is_dir()
            assert found in known or is_module, f"{named(path)}: {found}"


@pytest.mark.parametrize("name", ["van-thu", "lanh-dao", "kiem-tra"])
def test_buttons_and_tabs_of_the_guides_are_those_of_the_pages(name):
    page = " ".join(text(ROOT / f"docs/huong-dan-{name}.md").split())
    shown = {vi for vi, _ in TEXTS.values()}
    told = re.findall(r"(?:[Bb]ấm|[Mm]ục|[Mm]ở|Ở) \*\*([^*]+)\*\*", page)
    assert told
    for label in told:
        assert label in shown, label


# Words


@pytest.mark.parametrize("path", [*PAGES, ROOT / "Dockerfile", ROOT / "docker-compose.yml"], ids=named)
def test_no_registry_and_no_place_of_somebody_elses_machine(path):
    found = text(path).lower()
    for word in (*REGISTRIES, "/home/", "/work/", "todo", "fixme"):
        assert word not in found, word


def test_the_readme_begins_with_its_two_commands():
    lines = [words_of(line) for line in commands(ROOT / "README.md") if line.startswith("make")]
    assert lines[:2] == [["make", "demo"], ["make", "test"]]
    page = text(ROOT / "README.md")
    assert page.index("<!-- bench:start -->") < page.index("<!-- bench:end -->")

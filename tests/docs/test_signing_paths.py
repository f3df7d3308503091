"""The table of the shapes is the code's: each shape once, with the path that it takes, and a reason."""

from __future__ import annotations

import re
from pathlib import Path

from signer.creation.native.unfit import Unfitness
from signer.creation.shapes import Shape, SigningPath
from tests.conformance.judges import KNOWN_WRONG

PAGE = (Path(__file__).parents[2] / "docs" / "signing-paths.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| (\w+) \| (.+) \|$", re.M)


def test_every_shape_stands_in_the_table_with_its_path():
    rows = ROW.findall(PAGE)
    assert [(name, path) for name, path, _ in rows] == [(shape.value, shape.path.value) for shape in Shape]
    assert all(len(why) > 40 for _, _, why in rows)


def test_what_the_native_path_leaves_stands_in_its_table():
    table = PAGE[PAGE.index("| left | why |") :]
    told = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \|$", table[: table.index("\n\n")], re.M)
    assert sorted(told) == sorted(Unfitness)


def test_every_path_is_taken_by_a_shape():
    assert {shape.path for shape in Shape} == set(SigningPath)


def test_the_known_wrong_answers_are_the_ones_that_are_told():
    told = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \|$", PAGE[PAGE.index("| id | what is wrong |") :], re.M)
    assert told == list(KNOWN_WRONG)

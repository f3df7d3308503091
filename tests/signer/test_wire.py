"""The wire form: values only, and only ours."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.refusals import Reason
from policies.vocabulary import Changes
from signer import wire
from signer.sandbox import SandboxLimits
from signer.stages import Appended

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas()
    | st.sampled_from(list(Changes))
    | st.builds(Appended, st.integers(), st.binary())
    | st.builds(Reason, st.text(), st.text(), st.text(), st.text())
    | st.sampled_from([Path("/a"), Path("b/c")])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_values_come_back_as_they_were(value):
    line = wire.dumps(value)
    assert "\n" not in line
    assert wire.loads(line) == value


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_any_json_is_a_value_or_refused(text):
    try:
        wire.loads(json.dumps(text))
    except ValueError:
        return


@pytest.mark.parametrize(
    "line",
    [
        '{"$d": ["os:system", {}]}',
        '{"$d": ["subprocess:Popen", {"args": "true"}]}',
        '{"$d": ["signer.sandbox:threading", {}]}',
        '{"$d": ["signer.sandbox:Sandbox", {}]}',
        '{"$d": ["signer.sandbox_process:Worker", {}]}',
        '{"$d": ["signer.sandbox:SandboxLimits", {}]}',
        '{"$d": ["signer.sandbox_process:subprocess.Popen", {}]}',
        '{"$d": ["signer.document.objects:Stream", {"dict": {"$m": []}}]}',
        '{"$d": ["signer.wire:loads", {"line": "1"}]}',
        '{"$d": ["signer.stages:Appended", {"unknown": 1}]}',
        '{"$d": ["signer.stages:Appended", []]}',
        '{"$d": ["signer.stages:Nothing", {}]}',
        '{"$d": ["signer.nothing:Nothing", {}]}',
        '{"$d": ["signer..stages:Appended", {}]}',
        '{"$d": ["signer.../../x:Appended", {}]}',
        '{"$d": [7, {}]}',
        '{"$d": 7}',
        '{"$e": ["policies.vocabulary:Changes", "nothing"]}',
        '{"$e": ["policies.refusals:Reason", "x"]}',
        '{"$b": "not base64!"}',
        '{"$b": 7}',
        '{"$t": "yesterday"}',
        '{"$i": [1e400]}',
        '{"$m": [[{"$m": []}, 1]]}',
        '{"$x": 1}',
        '{"$l": 1, "$s": 2}',
        "{}",
        "[" * 50_000 + "]" * 50_000,
        "",
        "nonsense",
    ],
)
def test_forged_lines_are_refused(line):
    with pytest.raises(ValueError):
        wire.loads(line)


@dataclasses.dataclass
class Changeable:
    size: int


@pytest.mark.parametrize("value", [object(), Changeable(1), print, ValueError(), {1: object()}, Appended])
def test_what_is_no_value_has_no_wire_form(value):
    with pytest.raises(TypeError):
        wire.dumps(value)


def test_times_keep_their_offset():
    at = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert wire.loads(wire.dumps([at, timedelta(days=1)])) == [at, timedelta(days=1)]
    assert wire.loads(wire.dumps(SandboxLimits())) == SandboxLimits()

"""A batch of visible signatures."""

from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image

from policies.layout import Box, Rect
from policies.vocabulary import FieldRole
from signer import wire
from signer.creation.append import append
from signer.creation.batch import Status, process
from signer.creation.batch.process import KeyProcess
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.stamping.appearance import Appearance
from tests.signer.creation.batch_desk import FIELD, PASSWORD, BatchDesk


@pytest.fixture
def desk(tmp_path, pki):
    pki.write_pkcs12("leader", tmp_path / "leader.p12", PASSWORD)
    return BatchDesk(tmp_path, tmp_path / "leader.p12")


def test_a_picture_reaches_each_process_once_and_each_document_its_own(desk, monkeypatch):
    monkeypatch.setattr(process, "_APPEARANCES", 2)  # the third goes with its documents
    sides = (31, 33, 35)
    jobs = []
    for job, side in zip(desk.jobs(9), sides * 3, strict=True):
        fields = desk.folder / job.source.name
        box = Box(FieldRole.LEADER, 0, Rect(100, 100, 200, 160), FIELD)
        append(job.source, prepare(job.source, PreparationPlan((box,))), fields)
        fields.rename(job.source)
        jobs.append(dataclasses.replace(job, make_field=False, appearance=Appearance(_picture(side))))
    sent = []
    call = KeyProcess._call
    monkeypatch.setattr(
        KeyProcess, "_call", lambda self, *request: sent.append(request) or call(self, *request)
    )
    assert [one.status for one in desk.run(jobs)] == [Status.SIGNED] * 9
    desk.check(jobs)
    for job, side in zip(jobs, sides * 3, strict=True):
        tail = job.out.read_bytes()[job.source.stat().st_size :]
        assert [one for one in sides if b"/Width %d" % one in tail] == [side]
    told = wire.dumps([list(request) for request in sent])
    counts = [told.count(wire.dumps(_picture(side))) for side in sides]
    assert counts == [1, 1, 3]


def _picture(side: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (side, side), (0, 0, 200, 90)).save(made, "PNG")
    return made.getvalue()

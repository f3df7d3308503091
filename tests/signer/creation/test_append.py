from __future__ import annotations

import os
import re
import subprocess

import pikepdf
import pytest

from policies.layout import Rect
from signer.creation import append as module
from signer.creation.append import Revision, append
from signer.creation.plan import PreparationPlan, QrPlan
from signer.creation.prepare import prepare
from signer.document.modifications import classify
from signer.document.pdfa import check
from signer.document.reader import PdfFile
from signer.document.signature_fields import signatures
from signer.document.syntax import Name, Stream
from signer.errors import DocumentRefused, SigningRefused
from signer.stages import Appended
from tests.conftest import need_tool
from tests.signer.creation.issuing import LEADER, SHAPES
from tests.signer.creation.test_prepare import leader


def rules(path):
    return {finding.rule for finding in check(path).findings}


def changes(path):
    with PdfFile.open(path) as pdf:
        return {found.name: classify(pdf, found.revision).kind.value for found in signatures(pdf)}


def test_pdf_a_in_pdf_a_out(issued):
    assert check(issued[0]).conforms and check(issued[3]).conforms


def test_pdf_a_with_a_qr(desk):
    qr = QrPlan("https://vb.example.vn/v/ABC", "vb.example.vn", Rect(85, 30, 225, 83), "ABC")
    sealed = desk.sealed(desk.signed(desk.prepared(desk.base(), qr)))
    assert check(sealed).findings == ()


def test_no_new_violation_without_an_output_intent(desk):
    base = desk.base()
    with pikepdf.Pdf.open(base, allow_overwriting_input=True) as document:
        del document.Root.OutputIntents
        document.save(base)
    before = rules(base)
    qr = QrPlan("https://vb.example.vn/v/ABC", "vb.example.vn", Rect(85, 30, 225, 83), "ABC")
    sealed = desk.sealed(desk.signed(desk.prepared(base, qr)))
    assert rules(sealed) <= before


@pytest.mark.parametrize("shape", SHAPES)
def test_our_own_judgement_of_changes(desk, shape):
    base = SHAPES[shape](desk.base())
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    assert changes(sealed) == {LEADER: "form-fill", "AnTinSeal1": "none"}


def test_a_file_that_ends_without_an_end_of_line(desk):
    base = desk.base()
    base.write_bytes(base.read_bytes().rstrip())
    sealed = desk.sealed(desk.signed(desk.prepared(base)))
    assert b"%%EOF\n1" not in base.read_bytes() and b"%%EOF\n" in sealed.read_bytes()
    assert (
        subprocess.run([need_tool("qpdf"), "--check", sealed], capture_output=True, check=False).returncode
        == 0
    )
    assert changes(sealed)["AnTinSeal1"] == "none"


def test_identifiers(desk):
    """/ID: the first stays, the second changes with each revision; a file without one gets one."""

    def identifiers(path):
        found = re.findall(rb"/ID ?\[ ?<([0-9a-fA-F]+)> ?<([0-9a-fA-F]+)>", path.read_bytes())
        return [tuple(value.lower() for value in pair) for pair in found]

    sealed = desk.sealed(desk.signed(desk.prepared(desk.base())))
    found = identifiers(sealed)
    assert len(found) == 4 and len({first for first, _ in found}) == 1
    assert len({second for _, second in found}) == 4
    bare = desk.folder / "bare.pdf"
    data = desk.base().read_bytes()
    bare.write_bytes(re.sub(rb"/ID ?\[.*?\]", lambda match: b" " * len(match[0]), data, flags=re.DOTALL))
    assert not identifiers(bare)
    assert len(identifiers(desk.prepared(bare))) == 1


def test_streams_names_and_strings_survive(desk):
    base = desk.base()
    with PdfFile.open(base) as pdf:
        revision = Revision(pdf)
        value = {"Name": Name("a b#/"), "Text": b"(\\)\r\n", "List": [1, 0.5, True, None]}
        ref = revision.add(Stream({"Meta": value}, data=b"data"))
        append(base, revision.appended(), desk.folder / "out.pdf")
    with PdfFile.open(desk.folder / "out.pdf") as pdf:
        found = pdf.get(ref.num)
        assert pdf.stream_data(found) == b"data" and found.dict["Meta"] == value
        assert pdf.page_count == 1


def test_refused_to_write_over_the_base_or_a_changed_one(desk):
    base = desk.base()
    made = prepare(base, PreparationPlan((leader("L"),)))
    with pytest.raises(ValueError):
        append(base, made, base)
    with pytest.raises(SigningRefused):
        append(base, Appended(made.base_size + 1, made.tail), desk.folder / "out.pdf")
    assert not (desk.folder / "out.pdf").exists()


def test_copies_where_the_kernel_cannot(desk, monkeypatch):
    base = desk.base()
    made = prepare(base, PreparationPlan((leader("L"),)))

    def refuse(*_):
        raise OSError(22, "not here")

    monkeypatch.setattr(os, "sendfile", refuse)
    append(base, made, desk.folder / "out.pdf")
    assert (desk.folder / "out.pdf").read_bytes() == base.read_bytes() + made.tail


def test_offsets_beyond_a_table_are_refused():
    with pytest.raises(DocumentRefused):
        module._table_section(9, {8: 10**10}, {8: 0}, {})


def test_wide_offsets_in_a_stream_section():
    section = module._stream_section(9, {8: 5 << 32}, {8: 0}, {}, (5 << 32) + 10)
    assert b"/W[1 5 2]" in section.replace(b" [", b"[").replace(b"/W ", b"/W")

"""A value that differs from what is drawn, made before any signature: signed, intact, and suspicious."""

from __future__ import annotations

import io

import pikepdf
import pytest

from api.demo.documents import decision
from policies.layout import NUMBER_FIELD
from policies.validation import PASSED
from policies.vocabulary import Changes, Indication, Integrity, Severity, SubIndication
from tests.factories.encrypted import signed, signer_of
from tests.signer.validation.office import explain, ids

FINDING = "verification.value-not-drawn"
AMOUNT = ("Amount", "1500000")


def form(fields, *, drawn: dict[str, str] | None = None) -> bytes:
    """The sample decision with text fields whose appearances qpdf made; `drawn` draws another text afterwards."""
    with pikepdf.open(io.BytesIO(decision())) as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
        resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=pdf.make_indirect(font)))
        made = {
            name: pdf.make_indirect(widget(pdf, at, name, value)) for at, (name, value) in enumerate(fields)
        }
        pdf.Root.AcroForm = pikepdf.Dictionary(
            Fields=list(made.values()), DR=resources, DA="/Helv 10 Tf 0 g", NeedAppearances=True
        )
        pdf.pages[0].Annots = pikepdf.Array(made.values())
        pdf.generate_appearance_streams()
        for name, text in (drawn or {}).items():
            stream = made[name].AP.N
            old = stream.read_bytes()
            start, end = old.index(b"("), old.rindex(b")")
            stream.write(old[: start + 1] + text.encode() + old[end:])
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def widget(pdf, at: int, name: str, value: str) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Widget,
        FT=pikepdf.Name.Tx,
        T=name,
        V=value,
        Rect=[50, 50 + 20 * at, 250, 68 + 20 * at],
        P=pdf.pages[0].obj,
        F=4,
        DA="/Helv 10 Tf 0 g",
    )


@pytest.fixture
def judge(pki, office):
    def run(data: bytes):
        path = office.path()
        made = signed(data, None, signer_of(pki.identity("leader"), pki.identity("issuing")))
        path.write_bytes(made)
        return office.online(path)

    return run


def test_an_honest_form_is_not_suspected(judge):
    """Among its values are letters that the form's font lacks: qpdf draws a question mark."""
    values = [
        AMOUNT,
        ("Tên", "Nguyễn Văn Đức"),
        ("Ngày", "20/11/2026"),
        ("Ghi chú", "“Phê duyệt” – 5 %"),
        ("Trống", ""),
    ]
    report = judge(form(values))
    assert report.verdict == PASSED, explain(report)
    assert FINDING not in ids(report)


def test_another_amount_is_drawn(judge):
    report = judge(form([AMOUNT, ("Tên", "An")], drawn={"Amount": "9500000"}))
    assert report.verdict.indication is Indication.INDETERMINATE, explain(report)
    assert report.verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    (signature,) = report.signatures
    assert (signature.integrity, signature.changes) == (Integrity.INTACT, Changes.NONE)
    (finding,) = [each for each in report.findings if each.reason.id == FINDING]
    assert finding.severity is Severity.ERROR
    assert {"Amount", "1500000", "9500000"} <= set(finding.values.values())


def test_our_own_number_must_be_drawn_at_all(judge):
    report = judge(form([(NUMBER_FIELD, "15")], drawn={NUMBER_FIELD: ""}))
    assert FINDING in ids(report)
    assert report.verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_our_own_documents_have_no_such_finding(shelf):
    for path in (shelf.led, shelf.issued, shelf.archived):
        report = shelf.office.online(path, at=shelf.now)
        assert FINDING not in ids(report)
        assert report.verdict == PASSED, explain(report)


def test_an_unsigned_form_is_said_too(office):
    path = office.path()
    path.write_bytes(form([AMOUNT], drawn={"Amount": "9500000"}))
    report = office.online(path)
    assert report.verdict.indication is Indication.NO_SIGNATURE
    assert FINDING in ids(report)

"""Bad input through HTTP: each a typed refusal with its reason, no state changed, the service alive."""

from __future__ import annotations

import contextlib
import io
import zlib
from collections.abc import Iterator

import pikepdf
import psutil
import pytest

from api.demo.documents import Anchors, DecisionSpec, decision
from tests.service import CLERK, LEADER, PATIENCE, Site

pytestmark = pytest.mark.xdist_group("site")


def edited(change) -> bytes:
    """The sample decision, changed through pikepdf."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(decision())) as pdf:
        change(pdf)
        pdf.save(out)
    return out.getvalue()


def _javascript(pdf):
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _launch(pdf):
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")


def _xfa(pdf):
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))


def _attachment(pdf):
    pdf.attachments["x.txt"] = b"hello"


def encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(decision())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


def raw(*objects: bytes, root: int = 1, extra: bytes = b"") -> bytes:
    """A PDF of hand-written objects, numbered from 1."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root %d 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        root,
        extra,
        at,
    )
    return bytes(out)


def deep_page_tree(depth: int = 3000) -> bytes:
    nodes = [b"<</Type/Catalog/Pages 2 0 R>>"]
    for level in range(depth):
        parent = b"/Parent %d 0 R" % (level + 1) if level else b""
        nodes.append(b"<</Type/Pages/Count 1/Kids[%d 0 R]%b>>" % (level + 3, parent))
    nodes.append(b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]>>" % (depth + 1))
    return raw(*nodes)


def hundred_thousand_pages() -> bytes:
    kids = b" ".join([b"3 0 R"] * 100_000)
    return raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 100000/Kids[%b]>>" % kids,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )


def object_stream_bomb() -> bytes:
    """An object stream of a few KB that unpacks to 1 GB."""
    packer = zlib.compressobj(9)
    blank = b" " * (1 << 20)
    body = packer.compress(b"3 0 ") + b"".join(packer.compress(blank) for _ in range(1024)) + packer.flush()
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (
        len(body),
        body,
    )
    head = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    first = b"1 0 obj\n<</Type/Catalog/Pages 3 0 R>>\nendobj\n"
    second = b"2 0 obj\n%b\nendobj\n" % stream
    at = len(head) + len(first) + len(second)
    rows = b"".join(
        kind.to_bytes(1, "big") + place.to_bytes(4, "big") + last.to_bytes(2, "big")
        for kind, place, last in (
            (0, 0, 65535),
            (1, len(head), 0),
            (1, len(head) + len(first), 0),
            (2, 2, 0),
            (1, at, 0),
        )
    )
    packed = zlib.compress(rows)
    xref = (
        b"4 0 obj\n<</Type/XRef/Size 5/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>"
        b"stream\n%b\nendstream\nendobj\n"
    )
    return head + first + second + xref % (len(packed), packed) + b"startxref\n%d\n%%%%EOF\n" % at


def xref_loop() -> bytes:
    pdf = raw(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>", extra=b"/Prev 0000000000")
    at = pdf.rindex(b"xref\n0 3")
    return pdf.replace(b"/Prev 0000000000", b"/Prev %010d" % at)


BAD = {
    "empty": (lambda: b"", "document.empty"),
    "not a PDF": (lambda: b"PK\x03\x04 a zip" * 100, "document.not-pdf"),
    "cut in half": (lambda: decision()[: len(decision()) // 2], "document."),
    "encrypted": (encrypted, "document.encrypted"),
    "XFA": (lambda: edited(_xfa), "document.xfa"),
    "JavaScript": (lambda: edited(_javascript), "document.javascript"),
    "Launch": (lambda: edited(_launch), "document.launch"),
    "embedded file": (lambda: edited(_attachment), "document.embedded-files"),
    "deep page tree": (deep_page_tree, "document."),
    "object-stream bomb": (object_stream_bomb, "document."),
    "100,000 pages": (hundred_thousand_pages, "document.too-many-pages"),
    "xref loop": (xref_loop, "document."),
    "marked MẬT": (lambda: decision(DecisionSpec(secrecy="MẬT")), "document.secret"),
}


def known(site: Site) -> list[str]:
    """The newest documents. Their states may move on meanwhile: jobs of earlier tests still run."""
    return [row["id"] for row in site.get(CLERK, "/documents?limit=200")["documents"]]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_nothing_is_stored(site: Site, name):
    make, reason = BAD[name]
    before = known(site)
    # An empty part is still a part: httpx sends it.
    answer = site.post(
        CLERK,
        "/documents",
        data={"subject": "x", "leaders": LEADER},
        files={"file": ("a.pdf", make(), "application/pdf")},
    )
    assert answer.status_code in (413, 422), answer.text
    problem = answer.json()
    assert problem["id"].startswith(reason), problem
    assert problem["basis"]
    assert problem["text"]["vi"]
    assert "Traceback" not in answer.text
    assert known(site) == before


def test_the_service_is_alive_and_memory_is_back(site: Site):
    """After the worst files, a good one goes through, and no worker has kept its memory."""
    for make in (object_stream_bomb, deep_page_tree):
        site.post(
            CLERK, "/documents", data={"subject": "x", "leaders": LEADER}, files={"file": ("a.pdf", make())}
        )
    assert site.upload().status_code == 201
    assert all(resident < 400 << 20 for resident in workers())


def workers() -> Iterator[int]:
    """Resident bytes of the sandbox's processes. One that is retired may end under our eyes."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "signer.sandbox_worker" in process.cmdline():
                yield process.memory_info().rss


def test_a_file_above_the_limit_is_refused_before_it_is_read(site: Site):
    headers = {
        "content-length": str((1 << 30) + (2 << 20)),
        "content-type": "multipart/form-data; boundary=x",
    }
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", site.settings.port, timeout=PATIENCE)
    token = site.client(CLERK).headers["authorization"]
    connection.putrequest("POST", "/api/v1/documents")
    for key, value in {**headers, "authorization": token, "idempotency-key": "large"}.items():
        connection.putheader(key, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"access.too-large" in answer.read()
    connection.close()


def test_a_name_with_right_to_left_marks(site: Site):
    answer = site.upload(file_name="quyet-dinh\u202efdp.exe")
    assert answer.status_code == 422
    assert answer.json()["id"].startswith("document.bad-name")


def test_ambiguous_and_missing_anchors_are_refused_at_preparation(site: Site):
    for anchors in (Anchors.TWO_NUMBERS, Anchors.TWO_SIGNATURE_BLOCKS, Anchors.NONE):
        document = site.upload(decision(DecisionSpec(anchors=anchors))).json()["id"]
        answer = site.post(CLERK, f"/documents/{document}/preparation", json={})
        assert answer.status_code == 422, (anchors, answer.text)
        assert site.document(document)["state"] == "draft"


def test_a_printed_symbol_that_is_not_of_the_kind(site: Site):
    document = site.upload(kind="TB").json()["id"]
    answer = site.post(CLERK, f"/documents/{document}/preparation", json={})
    assert answer.json()["id"] == "issuing.symbol-differs"


def test_wrong_box_names_and_places_are_refused(site: Site):
    document = site.upload().json()["id"]
    boxes = [{"role": "leader", "name": "A", "page": 7, "x0": 1, "y0": 1, "x1": 90, "y1": 60}]
    answer = site.post(CLERK, f"/documents/{document}/preparation", json={"boxes": boxes})
    assert answer.status_code == 422
    wrong = site.post(CLERK, f"/documents/{document}/preparation", json={"boxes": [{"role": "x"}]})
    assert wrong.json()["id"] == "access.invalid-request"
    assert site.document(document)["state"] == "draft"


def test_a_file_with_a_signature_that_our_change_would_break(site: Site):
    signed = site.file(site.issued(), "seal-timestamped")
    answer = site.upload(signed)
    assert answer.status_code == 422
    assert answer.json()["id"] == "document.already-signed"


def test_wrong_password_unknown_account_and_the_brake(site: Site):
    for name in ("van-thu-x", "nobody"):
        answer = site.client(None).post("/sessions", json={"name": name, "password": "x"})
        assert answer.status_code == 401
    for _ in range(8):
        answer = site.client(None).post("/sessions", json={"name": "brake-test", "password": "x"})
    answer = site.client(None).post("/sessions", json={"name": "brake-test", "password": "x"})
    assert answer.status_code == 429


def test_an_unknown_document_and_another_method(site: Site):
    assert site.client(CLERK).get("/documents/none").status_code == 404
    assert site.client(CLERK).delete("/documents/none").status_code == 405
    assert site.client(None).get("/documents/none").status_code == 401
    assert site.client(None).get("/nothing-here").json()["id"] == "access.not-found"

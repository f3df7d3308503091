"""Encrypted files: what the password opens reads as the same file without encryption does."""

from __future__ import annotations

import io
import warnings

import pikepdf
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from hypothesis import given
from hypothesis import strategies as st

from api.demo.documents import decision
from signer.document.decryption import rc4
from signer.document.fields import form_fields
from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from tests.factories.encrypted import OWNER, USER, WAYS, encrypted
from tests.signer.document import build

pytestmark = pytest.mark.filterwarnings("ignore:Encryption R=5")


def refused(data: bytes, password: str | None) -> str:
    with pytest.raises(DocumentRefused) as refusal:
        PdfFile.of(data, password=password)
    return refusal.value.reason.id


NO_CONTENT = ("XRef", "ObjStm")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("password", [USER, OWNER])
def test_every_string_and_stream_is_what_qpdf_reads(way, packed, password):
    data = encrypted(decision(), way, packed=packed)
    with PdfFile.of(data, password=password) as pdf:
        streams = [value for value in map(pdf.load, pdf.numbers()) if isinstance(value, Stream)]
        ours = sorted(pdf.stream_data(s) for s in streams if s.dict.get("Type") not in NO_CONTENT)
        described = pdf.dictionary(pdf.trailer["Info"])
    raw = password.encode("utf-8" if WAYS[way]["R"] >= 5 else "latin-1")
    with pikepdf.open(io.BytesIO(data), password=raw) as pdf:
        streams = [item for item in pdf.objects if isinstance(item, pikepdf.Stream)]
        theirs = sorted(s.read_bytes() for s in streams if str(s.get("/Type", ""))[1:] not in NO_CONTENT)
        info = {key[1:]: bytes(value) for key, value in pdf.docinfo.items()}
    assert ours == theirs and len(ours) > 5
    assert described == info and info


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_and_none(way):
    data = encrypted(build.prepared(), way)
    assert refused(data, None) == "document.encrypted"
    assert refused(data, "") == "document.encrypted"
    assert refused(data, "mat khau") == "document.wrong-password"


@pytest.mark.parametrize("way", ["rc4-128", "aes-128", "aes-256"])
def test_a_file_that_everybody_may_open_needs_only_the_empty_password(way):
    data = encrypted(build.prepared(), way, user="")
    assert refused(data, None) == "document.encrypted"
    assert [f.name for f in form_fields(PdfFile.of(data, password=""))] == [
        "Leader",
        "Number",
        "Date",
        "Seal",
    ]
    assert refused(data, "something else") == "document.wrong-password"


def test_the_password_is_prepared_as_the_standard_says():
    """SASLprep: the same letters, composed or not, with another space."""
    data = encrypted(build.prepared(), "aes-256", user="mật khẩu")
    assert PdfFile.of(data, password="mật\u00a0khẩu").page_count == 1


def test_the_password_is_in_no_refusal():
    data = encrypted(build.prepared(), "aes-256")
    with pytest.raises(DocumentRefused) as refusal:
        PdfFile.of(data, password="bi-mat-123")
    told = str(refusal.value) + repr(refusal.value) + refusal.value.text("vi") + repr(refusal.value.values)
    assert "bi-mat-123" not in told
    cause = refusal.value
    while cause is not None:
        assert "bi-mat-123" not in repr(cause)
        cause = cause.__cause__ or cause.__context__


class TestStructure:
    def dictionary(self, way="aes-128"):
        data = encrypted(build.prepared(), way)
        with PdfFile.of(data, password=USER) as pdf:
            return data, pdf.trailer["Encrypt"], pdf.dictionary(pdf.trailer["Encrypt"]), pdf.trailer["ID"]

    def test_a_later_trailer_that_forgets_the_encryption(self):
        data, *_ = self.dictionary()
        assert self._after(data, {}) == "document.encryption-unsupported"

    def test_a_later_trailer_with_another_encryption(self):
        data, _, entries, identifier = self.dictionary()
        later = {"Encrypt": {**entries, "P": -1}, "ID": identifier}
        assert self._after(data, later) == "document.encryption-unsupported"

    def test_a_later_revision_redefines_the_encryption(self):
        data, ref, entries, identifier = self.dictionary()
        made = build_append(data, {ref.num: {**entries, "StmF": build.Name("Identity")}}, ref, identifier)
        with PdfFile.of(made, password=USER) as pdf, pytest.raises(DocumentRefused) as refusal:
            pdf.until(len(data))
        assert refusal.value.reason.id == "document.encryption-unsupported"

    def _after(self, data, extra):
        made = data + build_trailer(data, extra)
        return refused(made, USER)

    @pytest.mark.parametrize(
        "change",
        [
            {"Filter": build.Name("Adobe.PubSec")},
            {"V": 3},
            {"V": 6},
            {"R": 7},
            {"V": b"4"},
            {"StmF": build.Name("Nobody")},
            {"CF": {"StdCF": {"CFM": build.Name("AESV9")}}},
            {"CF": build.Ref(1)},
            {"O": b"short"},
            {"CF": [[[[[]]]]] * 300},
        ],
    )
    def test_what_is_not_understood(self, change):
        _, _, entries, identifier = self.dictionary()
        made = build.new(
            {1: {"Type": build.Name("Catalog")}},
            extra={"Encrypt": {**entries, **change}, "ID": identifier},
        )
        assert refused(made, USER) in ("document.encryption-unsupported", "document.wrong-password")

    def test_identity_filters_leave_things_as_they_are(self):
        _, _, entries, identifier = self.dictionary()
        identity = {**entries, "StmF": build.Name("Identity"), "StrF": build.Name("Identity")}
        made = build.new(
            {1: {"Type": build.Name("Catalog"), "X": b"plain"}, 2: build.stream(b"plain")},
            extra={"Encrypt": identity, "ID": identifier},
        )
        with PdfFile.of(made, password=USER) as pdf:
            assert pdf.catalog["X"] == b"plain"
            assert pdf.stream_data(pdf.get(2)) == b"plain"

    def test_a_stream_names_its_own_filter(self):
        _, _, entries, identifier = self.dictionary()
        crypt = {"Filter": [build.Name("Crypt")], "DecodeParms": [{"Name": build.Name("Identity")}]}
        made = build.new(
            {
                1: {"Type": build.Name("Catalog")},
                2: build.stream(b"plain", **crypt),
                3: build.stream(b"plain"),
            },
            extra={"Encrypt": entries, "ID": identifier},
        )
        with PdfFile.of(made, password=USER) as pdf:
            assert pdf.stream_data(pdf.get(2)) == b"plain"
            with pytest.raises(DocumentRefused) as refusal:
                pdf.stream_data(pdf.get(3))
            assert refusal.value.reason.id == "document.stream-damaged"


def build_trailer(data: bytes, extra: dict) -> bytes:
    at = data.rindex(b"startxref")
    prev = int(data[at + 9 :].split()[0])
    trailer = {"Size": 100, "Root": build.Ref(build.CATALOG), "Prev": prev, **extra}
    return b"xref\n0 0\ntrailer\n" + build.serialize(trailer) + b"\nstartxref\n%d\n%%%%EOF\n" % len(data)


def build_append(data: bytes, objects: dict, encrypt, identifier) -> bytes:
    out = bytearray(data)
    offsets = {}
    for num, value in objects.items():
        offsets[num] = len(out)
        out += build.serialize_indirect(build.Ref(num), value)
    with PdfFile.of(data, password=USER) as pdf:
        trailer = {**pdf.trailer, "Prev": pdf.startxref, "Encrypt": encrypt, "ID": identifier}
    at = len(out)
    out += build.table(offsets) + b"trailer\n" + build.serialize(trailer) + b"\nstartxref\n%d\n%%%%EOF\n" % at
    return bytes(out)


@given(st.binary(min_size=5, max_size=16), st.binary(max_size=200))
def test_rc4_of_any_key_length(key, data):
    """Keys of lengths that the library knows and those that it does not are one cipher."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        once = rc4(key, data)
    assert rc4(key, once) == data
    doubled = key * 2  # RC4 repeats the key: the same stream
    if len(doubled) * 8 in ARC4.key_sizes:
        assert Cipher(ARC4(doubled), mode=None).encryptor().update(data) == once

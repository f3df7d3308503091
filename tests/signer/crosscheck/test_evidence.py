"""The second opinion on what follows the seal: security stores, document time-stamps, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from signer.augmentation import archive_timestamp, revocation_data
from signer.augmentation.revocation_data import ValidationData
from signer.creation import two_step
from signer.creation.append import Revision, append, digest_of
from signer.crosscheck.evidence import Newest
from signer.crosscheck.independent import check
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, Stream
from signer.errors import CrossCheckFailed
from signer.validation.values import Evidence
from tests.demo_pki import demo_pki, timestamp_authority
from tests.signer.creation.issuing import AT, SHAPES
from tests.signer.crosscheck.test_independent import expectation, issue, point


def evidence(*names):
    return Evidence(tuple(demo_pki().identity(name).der for name in names))


def stored(path, key="AA" * 20, names=("issuing", "leader")):
    """The file with a security store, or with more in it."""
    out = path.with_name(f"{path.stem}-store.pdf")
    data = ValidationData(((key, evidence(*names)),))
    append(path, revocation_data.append_dss(path, data), out)
    return out


def stamped(path, digest="sha256", bend=lambda tail: tail, over=None):
    """The file under a document time-stamp; `bend` changes its revision before the authority is asked."""
    prepared = archive_timestamp.prepare_document_timestamp(path, digest)
    prepared = dataclasses.replace(prepared, tail=bend(prepared.tail))
    prepared = dataclasses.replace(prepared, digest=digest_of(path, prepared))
    token = timestamp_authority(demo_pki(), AT).token(over or prepared.digest, digest)
    out = path.with_name(f"{path.stem}-stamp.pdf")
    two_step.write(path, prepared, token, out)
    return out


def after(desk, newest):
    return dataclasses.replace(expectation(desk), newest=newest)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    desk, _, sealed = issue(tmp_path_factory.mktemp("finished"))
    return desk, sealed


def refused(desk, path, newest):
    return point(path, after(desk, newest))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_our_own_evidence_passes_whatever_the_file_looked_like(shape, tmp_path):
    desk, _, sealed = issue(tmp_path, shape)
    store = stored(sealed)
    check(store, after(desk, Newest.STORE))
    stamp = stamped(store)
    check(stamp, after(desk, Newest.TIMESTAMP))
    grown = stored(stamp, "BB" * 20, ("tsa", "leader"))
    check(grown, after(desk, Newest.STORE))
    check(stamped(grown, "sha512"), after(desk, Newest.TIMESTAMP))


def test_a_time_stamp_without_a_store_and_two_of_them(finished):
    desk, sealed = finished
    once = stamped(sealed)
    check(once, after(desk, Newest.TIMESTAMP))
    check(stamped(once), after(desk, Newest.TIMESTAMP))


def test_the_newest_revision_is_what_was_made(finished):
    desk, sealed = finished
    store = stored(sealed)
    stamp = stamped(store)
    assert refused(desk, sealed, Newest.STORE) == "newest-revision"
    assert refused(desk, sealed, Newest.TIMESTAMP) == "newest-revision"
    assert refused(desk, store, Newest.TIMESTAMP) == "newest-revision"
    assert refused(desk, stamp, Newest.STORE) == "newest-revision"
    for path in (store, stamp):
        with pytest.raises(CrossCheckFailed):
            check(path, expectation(desk))


def bent_store(sealed, change):
    """A store's revision with whatever else `change` writes."""
    out = sealed.with_name("bent-store.pdf")
    with PdfFile.open(sealed) as pdf:
        revision = Revision(pdf)
        store = revocation_data._Store(pdf, revision)
        store.add("AA" * 20, evidence("issuing"))
        store.write()
        change(pdf, revision)
        append(sealed, revision.appended(), out)
    return out


def _page(pdf, revision):
    page = pdf.page(0)
    revision.put(page.ref, {**revision.value(page.ref), "Rotate": 90})


def _catalog(pdf, revision):
    root = pdf.trailer["Root"]
    revision.put(root, {**revision.value(root), "OpenAction": [pdf.page(0).ref, Name("Fit")]})


def _stranger(_pdf, revision):
    revision.add({"Type": Name("Nothing")})


def _junk(pdf, revision):
    store = revision.value(pdf.trailer["Root"])["DSS"]
    junk = revision.add(Stream({"Filter": None}, data=b"\x30\x01\x00and more"))
    value = revision.value(store)
    revision.put(store, {**value, "Certs": [*value["Certs"], junk]})


def _drawing(pdf, revision):
    """A certificate that is a drawing as well."""
    store = revision.value(pdf.trailer["Root"])["DSS"]
    made = Stream({"Subtype": Name("Form"), "BBox": [0, 0, 9, 9]}, data=demo_pki().root)
    value = revision.value(store)
    revision.put(store, {**value, "Certs": [*value["Certs"], revision.add(made)]})


def _key(pdf, revision):
    store = revision.value(pdf.trailer["Root"])["DSS"]
    revision.put(store, {**revision.value(store), "Encoding": Name("X")})


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (_page, "changed-object"),
        (_catalog, "changed-catalog"),
        (_stranger, "security-store"),
        (_junk, "security-store"),
        (_drawing, "security-store"),
        (_key, "security-store"),
    ],
)
def test_a_store_that_brings_something_else_along(finished, change, where):
    desk, sealed = finished
    check(bent_store(sealed, lambda *_: None), after(desk, Newest.STORE))
    assert refused(desk, bent_store(sealed, change), Newest.STORE) == where


def test_a_store_that_loses_what_it_had(finished):
    desk, sealed = finished
    first = stored(sealed)
    out = sealed.with_name("lost.pdf")
    with PdfFile.open(first) as pdf:
        revision = Revision(pdf)
        store = pdf.catalog["DSS"]
        value = pdf.resolve(store)
        revision.put(store, {**value, "Certs": value["Certs"][1:]})
        append(first, revision.appended(), out)
    assert refused(desk, out, Newest.STORE) == "security-store"


def replacing(old, new):
    def bend(tail):
        assert tail.count(old) == 1 and len(new) <= len(old)
        return tail.replace(old, new.ljust(len(old)))

    return bend


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Rect [0 0 0 0]", b"/Rect [9 9 0 0]"),
        (b"/F 132", b"/F 4"),
        (b"/FT /Sig", b"/FT /Tx"),
        (b"/SubFilter /ETSI.RFC3161", b"/SubFilter /ETSI.RFC3162"),
        (b"/Type /DocTimeStamp", b"/Type /Sig"),
    ],
)
def test_a_time_stamp_in_another_field(finished, old, new):
    desk, sealed = finished
    path = stamped(sealed, bend=replacing(old, new))
    assert refused(desk, path, Newest.TIMESTAMP) in ("time-stamp-field", "changed-catalog")


def test_a_time_stamp_over_other_bytes(finished):
    desk, sealed = finished
    path = stamped(sealed, over=hashlib.sha256(b"other bytes").digest())
    assert refused(desk, path, Newest.TIMESTAMP) == "token-imprint"


def test_a_time_stamp_by_a_signer(finished):
    desk, sealed = finished
    path = stamped(sealed)
    data = path.read_bytes()
    at = data.rindex(b"/Contents <") + len(b"/Contents <")
    hole = data[data.index(b"/Contents <") + len(b"/Contents <") :]
    cms = hole[: hole.index(b">")][: data.index(b">", at) - at]
    path.write_bytes(data[:at] + cms.ljust(data.index(b">", at) - at, b"0") + data[data.index(b">", at) :])
    with pytest.raises(CrossCheckFailed):
        check(path, after(desk, Newest.TIMESTAMP))


def test_the_page_changes_with_the_time_stamp(finished, monkeypatch):
    desk, sealed = finished
    honest = archive_timestamp._add_to_page

    def greedy(revision, field):
        honest(revision, field)
        page = revision.pdf.page(0)
        revision.put(page.ref, {**revision.value(page.ref), "Rotate": 90})

    monkeypatch.setattr(archive_timestamp, "_add_to_page", greedy)
    assert refused(desk, stamped(sealed), Newest.TIMESTAMP) == "changed-object"


def test_another_field_is_taken_off_the_page(finished, monkeypatch):
    desk, sealed = finished

    def greedy(revision, field):
        page = revision.pdf.page(0).ref
        revision.put(page, {**revision.value(page), "Annots": [field]})

    monkeypatch.setattr(archive_timestamp, "_add_to_page", greedy)
    assert refused(desk, stamped(sealed), Newest.TIMESTAMP) == "changed-object"


def test_bytes_changed_below_the_time_stamp(finished):
    desk, sealed = finished
    path = stamped(sealed)
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert refused(desk, path, Newest.TIMESTAMP) == "message-digest"


def test_a_revision_of_something_else_between(finished):
    desk, sealed = finished
    between = sealed.with_name("between.pdf")
    with PdfFile.open(sealed) as pdf:
        revision = Revision(pdf)
        revision.put(Ref(pdf.page(0).ref.num), {**revision.value(pdf.page(0).ref), "Rotate": 90})
        append(sealed, revision.appended(), between)
    assert refused(desk, stamped(between), Newest.TIMESTAMP) in ("changed-catalog", "security-store")

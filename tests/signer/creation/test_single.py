"""One signature of one file: one pass, a name at the very end, nothing left whatever happens."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import hashlib
import os
import shutil
import subprocess

import pytest

from api.demo.documents import DecisionSpec, write_decision
from signer.creation import cms, single, staging
from signer.creation.draft import draft
from signer.creation.staging import Staged
from signer.creation.two_step import SignatureRequest, contents_size, prepare_signature
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused, SignerUnavailable, SigningRefused
from signer.keys.twin import FailingSigningKey, Failure
from signer.sandbox import Sandbox
from signer.stamping.appearance import Appearance
from tests.conftest import need_tool
from tests.demo_pki import timestamp_authority
from tests.factories.large_pdf import write_large
from tests.signer.creation.issuing import AT, LEADER, SIGNATURE

FIELD = "AnTinSignature"


def request(key, reserve=0, field=FIELD):
    return SignatureRequest(field, contents_size(key, reserve), "Nguyễn Văn An", AT)


def sign(source, out, key, authority=None, **more):
    asked = request(key, authority.reserve if authority else 0)
    return single.sign(source, out, asked, key, draft, authority, make_field=True, **more)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in" / "base.pdf"
    path.parent.mkdir()
    write_decision(path, DecisionSpec())
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    return path


@pytest.fixture(params=["unnamed", "named", "no links"])
def way(request, monkeypatch):
    """File systems: with unnamed files; without them; without links too."""
    real_open = os.open

    def without_unnamed(path, flags, *more, **named):
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "no unnamed files here")
        return real_open(path, flags, *more, **named)

    def without_links(*_given, **_named):
        raise OSError(errno.EPERM, "no links here")

    if request.param != "unnamed":
        monkeypatch.setattr(staging.os, "open", without_unnamed)
    if request.param == "no links":
        monkeypatch.setattr(staging.os, "link", without_links)
    return request.param


def valid(path):
    told = subprocess.run([need_tool("pdfsig"), "-nocert", path], capture_output=True, text=True).stdout
    return told.count("Signature is Valid") == 1 and "Total document signed" in told


def test_signed_in_every_kind_of_folder(way, source, folder, pki):
    out = folder / "a.pdf"
    sign(source, out, pki.leader)
    assert valid(out)
    assert out.read_bytes().startswith(source.read_bytes())
    assert [path.name for path in folder.iterdir()] == ["a.pdf"]
    assert out.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    known = os.umask(0)
    os.umask(known)
    return known


def test_never_overwrites(way, source, folder, pki):
    out = folder / "a.pdf"
    out.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        sign(source, out, pki.leader)
    assert out.read_bytes() == b"mine"
    assert [path.name for path in folder.iterdir()] == ["a.pdf"]


@pytest.mark.parametrize("failure", [Failure.REFUSES, Failure.DIES_AFTER_SIGNING, Failure.WRONG_SIGNATURE])
def test_a_key_that_fails_leaves_nothing(way, source, folder, pki, failure):
    key = FailingSigningKey(pki.leader)
    key.fail_next(failure)
    with pytest.raises((SigningRefused, SignerUnavailable)):
        sign(source, folder / "a.pdf", key)
    assert list(folder.iterdir()) == []


def test_ctrl_c_while_copying_leaves_nothing(way, source, folder, pki):
    def interrupt(done, total):
        raise KeyboardInterrupt

    key = FailingSigningKey(pki.leader)
    with pytest.raises(KeyboardInterrupt):
        sign(source, folder / "a.pdf", key, progress=interrupt)
    assert list(folder.iterdir()) == []
    assert key.used == 0


def test_with_a_token(source, folder, pki):
    out = folder / "a.pdf"
    sign(source, out, pki.leader, timestamp_authority(pki, AT))
    assert valid(out)
    with PdfFile.open(out) as pdf:
        (field,) = pdf.array(pdf.dictionary(pdf.catalog["AcroForm"])["Fields"])
        contents = pdf.dictionary(pdf.dictionary(field)["V"])["Contents"]
    assert cms.has_token(bytes(contents))


def test_the_same_bytes_as_in_two_steps(issued, tmp_path, pki):
    """An existing field: what the one pass signs is what `prepare_signature` hashes."""
    asked = dataclasses.replace(request(pki.leader, field=LEADER), appearance=Appearance(SIGNATURE))
    begun = single.begin(issued[1], tmp_path, asked, draft)
    with begun.staged:
        assert begun.prepared == prepare_signature(issued[1], asked)


def test_drafted_in_the_sandbox(source, folder, pki):
    with Sandbox(1) as sandbox:
        asked = request(pki.leader)
        single.sign(source, folder / "a.pdf", asked, pki.leader, single.sandboxed(sandbox), make_field=True)
        with pytest.raises(DocumentRefused, match=r"document\.already-signed"):
            single.begin(folder / "a.pdf", folder, asked, single.sandboxed(sandbox), make_field=True)
    assert valid(folder / "a.pdf")


def test_a_worker_cannot_choose_what_is_signed(source, folder, pki):
    """A draft whose range leaves out more than the hole is refused before the key is used."""

    def forged(path, asked, make_field):
        made = draft(path, asked, make_field)
        a, b, c, d = made.prepared.byte_range
        return dataclasses.replace(
            made, prepared=dataclasses.replace(made.prepared, byte_range=(a, b - 100, c, d))
        )

    key = FailingSigningKey(pki.leader)
    with pytest.raises(SigningRefused, match=r"signing\.digest-changed"):
        single.sign(source, folder / "a.pdf", request(key), key, forged, make_field=True)
    assert key.used == 0 and list(folder.iterdir()) == []


def test_a_base_that_changed_since_the_draft_is_refused(source, folder, pki):
    def slow(path, asked, make_field):
        made = draft(path, asked, make_field)
        with path.open("ab") as file:
            file.write(b"\n")
        return made

    with pytest.raises(SigningRefused, match=r"signing\.base-changed"):
        single.sign(source, folder / "a.pdf", request(pki.leader), pki.leader, slow, make_field=True)


def test_a_full_disk_is_told_before_the_first_byte(source, folder, pki, monkeypatch):
    real = shutil.disk_usage(folder)
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda _path: real._replace(free=1_000))
    key = FailingSigningKey(pki.leader)
    with pytest.raises(SigningRefused, match=r"signing\.no-room") as caught:
        sign(source, folder / "a.pdf", key)
    assert str(folder) in caught.value.text("vi") and key.used == 0
    assert list(folder.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile(way, source, folder, pki):
    """The kernel's own word, by a full device's error: /dev/full takes no byte."""
    with Staged(folder) as staged:
        os.dup2(os.open("/dev/full", os.O_WRONLY), staged._file)
        made = draft(source, request(pki.leader), make_field=True)
        with pytest.raises(SigningRefused, match=r"signing\.no-room"):
            staged.write(source, made.prepared)
    assert list(folder.iterdir()) == []


def test_what_a_kill_left_is_removed_and_nothing_else(way, source, folder, pki):
    """Only where files have names while they are made; what another process works on is locked."""
    left, used = folder / ".antin-0123456789abcdef.part", folder / ".antin-fedcba9876543210.part"
    for path in (left, used, folder / ".antin.part", folder / "b.part"):
        path.write_bytes(b"x")
    with used.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        sign(source, folder / "a.pdf", pki.leader)
    assert left.exists() == (way == "unnamed")
    left.unlink(missing_ok=True)
    assert sorted(path.name for path in folder.iterdir()) == [
        ".antin-fedcba9876543210.part",
        ".antin.part",
        "a.pdf",
        "b.part",
    ]


@pytest.mark.parametrize("streams", [False, True])
def test_beyond_10_digits_and_2_gib(tmp_path, pki, streams):
    """Sparse: 6 GB of holes that cost nothing to keep; the draft reads a few pages of it."""
    path = write_large(tmp_path / "big.pdf", 6 << 30, streams=streams, sparse=True, claims_pdfa=True)
    made = draft(path, request(pki.leader), make_field=True)
    assert made.lost_pdfa == "2B"
    assert made.prepared.base_size == path.stat().st_size > 1 << 32
    assert made.prepared.byte_range[1] > 1 << 32
    with PdfFile.open(path, tail=made.prepared.tail) as pdf:
        assert pdf.sections[0].kind == ("stream" if streams else "table")
        (field,) = pdf.array(pdf.dictionary(pdf.catalog["AcroForm"])["Fields"])
        assert pdf.dictionary(field)["V"] is not None


def test_a_table_cannot_say_more_than_ten_digits(tmp_path, pki):
    """A classic table ends at 9,999,999,999; a stream does not."""
    size = 10_000_500_000
    table = write_large(tmp_path / "table.pdf", size, sparse=True)
    with pytest.raises(DocumentRefused, match=r"document\."):
        draft(table, request(pki.leader), make_field=True)
    streams = write_large(tmp_path / "streams.pdf", size, sparse=True, streams=True)
    made = draft(streams, request(pki.leader), make_field=True)
    with PdfFile.open(streams, tail=made.prepared.tail) as pdf:
        (field,) = pdf.array(pdf.dictionary(pdf.catalog["AcroForm"])["Fields"])
        signature = pdf.dictionary(pdf.dictionary(field)["V"])
        assert tuple(signature["ByteRange"]) == made.prepared.byte_range
        assert signature["Contents"].start == made.prepared.byte_range[1] > 10**10


def test_holes_stay_holes(folder, tmp_path, pki):
    source = write_large(tmp_path / "sparse.pdf", 40 << 20, pictures=2, sparse=True)
    sign(source, folder / "a.pdf", pki.leader)
    assert valid(folder / "a.pdf")
    assert (folder / "a.pdf").read_bytes().startswith(source.read_bytes())
    assert (folder / "a.pdf").stat().st_blocks * 512 < 8 << 20


def test_small_files_lose_no_claim(tmp_path, pki):
    path = write_large(tmp_path / "small.pdf", 100_000, claims_pdfa=True)
    assert draft(path, request(pki.leader), make_field=True).lost_pdfa == ""


def test_the_digest_is_of_the_bytes_written(source, folder, pki):
    with Staged(folder) as staged:
        made = draft(source, request(pki.leader), make_field=True).prepared
        seen = []
        digest = staged.write(source, made, lambda done, total: seen.append((done, total)))
        staged.publish(folder / "a.pdf")
    a, b, c, d = made.byte_range
    data = (folder / "a.pdf").read_bytes()
    assert digest == hashlib.sha256(data[a : a + b] + data[c : c + d]).digest()
    assert seen[-1] == (source.stat().st_size, source.stat().st_size)

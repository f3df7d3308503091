"""Between the newest cross-references and their `startxref` stands nothing but white space and comments.

Every reader follows `startxref`, so such a file opens; but the end of that revision is not found again, and our
validation could say nothing good about what was signed. pdfsig and qpdf would accept it.
"""

from __future__ import annotations

import pytest

from policies.vocabulary import Integrity
from signer.creation import cms
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.unfit import Unfit
from signer.creation.two_step import SignatureRequest, contents_size, prepare_signature, write
from signer.document.syntax import Name, Ref
from signer.errors import DocumentRefused
from signer.stamping.appearance import Appearance
from signer.validation.process import validate
from tests.demo_pki import demo_pki, trust
from tests.profiles import AGENCY
from tests.signer.creation.issuing import AT
from tests.signer.document import build
from tests.signer.validation.office import ids

REQUEST = SignatureRequest("Leader", contents_size(demo_pki().leader), "An", AT, Appearance(lines=("An",)))


def one_revision():
    return build.new(
        {
            build.CATALOG: build.catalog(),
            build.PAGES: {"Type": Name("Pages"), "Kids": [Ref(build.PAGE)], "Count": 1},
            build.PAGE: build.page([build.LEADER]),
            build.CONTENT: build.stream(b""),
            build.FONT_REF: build.FONT,
            build.INFO: {"Producer": b"t"},
            build.FORM: build.form([build.LEADER]),
            build.LEADER: build.field("Leader", "Sig", (300, 100, 400, 150)),
        }
    )


@pytest.mark.parametrize("revisions", [one_revision, build.prepared])
@pytest.mark.parametrize("between", [b"hello\n", b"77 0 obj\n<<>>\nendobj\n", b"\0garbage\n"])
def test_what_could_not_be_validated_is_not_signed(tmp_path, between, revisions):
    path = tmp_path / "base.pdf"
    data = revisions()
    at = data.rindex(b"startxref")
    path.write_bytes(data[:at] + between + data[at:])
    with pytest.raises(DocumentRefused) as caught:
        prepare_signature(path, REQUEST)
    assert caught.value.id == "document.malformed"
    with pytest.raises(Unfit):
        native.prepare(path, REQUEST, Stamps())


@pytest.mark.parametrize("revisions", [one_revision, build.prepared])
@pytest.mark.parametrize("between", [b"\n \n", b"% made by somebody\n"])
def test_space_and_comments_are_signed_and_validated(tmp_path, between, revisions):
    path, out = tmp_path / "base.pdf", tmp_path / "out.pdf"
    data = revisions()
    at = data.rindex(b"startxref")
    path.write_bytes(data[:at] + between + data[at:])
    for made in (prepare_signature(path, REQUEST), native.prepare(path, REQUEST, Stamps())):
        write(path, made, cms.build(made.digest, demo_pki().leader), out)
        report = validate(out, trust=trust(demo_pki()), at=AT, profile=AGENCY)
        assert report.signatures[0].integrity is Integrity.INTACT
        assert "verification.structure-suspicious" not in ids(report)
        out.unlink()

"""What is signed can be read by our own reader: no object number beyond ISO 19005-2, 6.1.13."""

import pytest

from policies.refusals import Refused
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.unfit import Unfit
from signer.creation.two_step import SignatureRequest, prepare_signature
from signer.document.reader import PdfFile
from signer.stamping.appearance import Appearance
from tests.signer.creation.issuing import AT
from tests.signer.document import build


@pytest.mark.parametrize("path", ["native", "general"])
@pytest.mark.parametrize("size", [8_388_606, 8_388_607, 9_999_999, 1 << 32])
def test_numbers_stay_within_the_limit(tmp_path, size, path):
    source = tmp_path / "source.pdf"
    base = build.prepared()
    source.write_bytes(build.append(base, {build.INFO: {"Producer": b"x"}}, extra={"Size": size}))
    request = SignatureRequest("Seal", 4000, "An", AT, Appearance(lines=("An",)))
    try:
        made = (
            native.prepare(source, request, Stamps())
            if path == "native"
            else prepare_signature(source, request)
        )
    except (Unfit, Refused):
        return
    with PdfFile.open(source, tail=made.tail) as pdf:
        assert pdf.catalog

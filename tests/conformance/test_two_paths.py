"""All signing paths make the same signature: on hundreds of generated documents, before five judges.

Each document is signed by the general path and by pyHanko, and by the native path where it fits. Then the field, the
signature dictionary and what is drawn are compared object by object, everybody is asked, and the pages are rendered.
Where one path refuses by a rule the others refuse by the same, or are not fit for it.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from PIL import ImageChops

from policies.layout import fills
from policies.refusals import Refused
from policies.validation import PASSED
from signer.creation import cms, fallback
from signer.creation.form import fields
from signer.creation.native import signing as native
from signer.creation.native.drawing import Stamps
from signer.creation.native.unfit import Unfit
from signer.creation.two_step import SignatureRequest, contents_size, prepare_signature, write
from signer.document.pdfa import check
from signer.document.reader import PdfFile
from signer.document.syntax import Ref, Stream
from signer.stamping.appearance import Appearance
from signer.validation.online import validate_online
from tests.conformance import judges
from tests.demo_pki import demo_pki
from tests.factories.encrypted import encrypted
from tests.factories.graphs import Blueprint, Form, Locks, blueprints
from tests.profiles import AGENCY
from tests.signer.creation.issuing import DAY, LEADER, SEAL, SHAPES, SIGNATURE, STAMP, Desk
from tests.signer.validation.office import NOW, Direct, Office, PkiSource, explain

HOW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(
        Phase.generate,
    ),  # a blueprint is as small as it will get: to shrink it is to ask everybody again
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATHS = ("general", "pyhanko")
STAMPS = Stamps()
_VOLATILE = ("Contents", "ByteRange")


@pytest.fixture
def office(tmp_path):
    return Office(demo_pki(), tmp_path, NOW)


def prepared(path: str, source: Path, request: SignatureRequest):
    """What this path prepares, or the id of its refusal."""
    try:
        if path == "general":
            return prepare_signature(source, request)
        return fallback.prepare_signature(source, request).made
    except Refused as refusal:
        return refusal.id


def signed(made, source: Path, out: Path) -> Path:
    write(source, made, cms.build(made.digest, demo_pki().leader), out)
    return out


def request_for(blueprint: Blueprint, number: int) -> SignatureRequest:
    shown = (
        Appearance(SIGNATURE if number % 2 else None, ("Nguyễn Văn An", "Ký số"))
        if blueprint.visible
        else None
    )
    size = contents_size(demo_pki().leader, 500)  # and room for a token, filled with zeros
    return SignatureRequest(blueprint.names[number], size, "Nguyễn Văn An", NOW, shown, reason="Phê duyệt")


def both(blueprint: Blueprint, folder: Path) -> tuple[Path, dict[str, Path]] | None:
    """The document before its last signature and, by path, after it; None when all refuse alike."""
    source = blueprint.write(folder)
    for number in range(blueprint.earlier + 1):
        request = request_for(blueprint, number)
        made = {path: prepared(path, source, request) for path in PATHS}
        with suppress(Unfit):
            made["native"] = native.prepare(source, request, STAMPS)
        if isinstance(made["general"], str):
            assert made["pyhanko"] == made["general"] and "native" not in made
            assert number and blueprint.locks is Locks.ALL, made["general"]
            return None
        out = {path: signed(each, source, folder / f"{number}-{path}.pdf") for path, each in made.items()}
        if number == blueprint.earlier:
            return source, out
        source = Path(shutil.copy(out[PATHS[number % 2]], folder / f"{number}.pdf"))
    raise AssertionError


def plain(pdf: PdfFile, value: object, depth: int = 0) -> object:
    """A value with what it refers to, streams unpacked; pages are not entered."""
    if isinstance(value, Ref):
        found = pdf.resolve(value)
        if isinstance(found, dict) and found.get("Type") in ("Page", "Catalog"):
            return f"<{found['Type']} {value.num}>"
        return plain(pdf, found, depth)
    if isinstance(value, Stream):
        return plain(pdf, value.dict | {"Length": 0}, depth), pdf.stream_data(value)
    if isinstance(value, dict):
        return {key: plain(pdf, value[key], depth) for key in sorted(value) if key not in ("Parent", "Kids")}
    if isinstance(value, list):
        return [plain(pdf, item, depth) for item in value]
    return value


def written_field(path: Path, name: str) -> object:
    """Field and signature as they stand in the file, without what must differ: the hole and its place."""
    with PdfFile.open(path) as pdf:
        field = plain(pdf, fields(pdf)[name].dict)
        for key in _VOLATILE:
            del field["V"][key]
        return field


def rendered(path: Path):
    document = pypdfium2.PdfDocument(path)
    try:
        document.init_forms()
        return [page.render(scale=0.5, may_draw_forms=True).to_pil().convert("RGB") for page in document]
    finally:
        document.close()


def same_pages(left: list, right: list) -> bool:
    return len(left) == len(right) and all(
        a.size == b.size and ImageChops.difference(a, b).getbbox() is None
        for a, b in zip(left, right, strict=True)
    )


def judge(blueprint: Blueprint, office: Office, folder: Path) -> None:
    made = both(blueprint, folder)
    if made is None:
        return
    source, out = made
    count = blueprint.earlier + 1
    name = blueprint.names[blueprint.earlier]
    fields_ = [written_field(path, name) for path in out.values()]
    assert all(each == fields_[0] for each in fields_)
    checked = judges.qpdf(source)[0]
    for path in out.values():
        assert path.read_bytes().startswith(source.read_bytes())
        for opinion in (
            judges.ours(path, office),
            judges.strict_or_known(path, office, blueprint),
            judges.pdfsig(path),
            judges.mutool(path),
        ):
            assert opinion.approves(count), opinion.said
        status, said = judges.qpdf(path)
        assert status in (0, checked), (
            said
        )  # a hint table that qpdf itself wrote may be warned of, while it counts
    pages = {path: rendered(each) for path, each in out.items()}
    assert all(same_pages(pages["general"], each) for each in pages.values())
    assert same_pages(rendered(source), pages["general"]) != blueprint.visible


@settings(HOW, max_examples=24)
@given(blueprint=blueprints())
def test_everybody_agrees_on_both(office, tmp_path_factory, blueprint):
    judge(blueprint, office, tmp_path_factory.mktemp("drawn"))


@pytest.mark.long
@pytest.mark.parametrize("number", range(8))
def test_everybody_agrees_on_hundreds(office, tmp_path_factory, number):
    @seed(number)
    @settings(HOW, derandomize=False, max_examples=75)
    @given(blueprint=blueprints())
    def run(blueprint):
        judge(blueprint, office, tmp_path_factory.mktemp("drawn"))

    run()


def test_the_native_path_fits_what_it_is_for(tmp_path_factory):
    """Flat forms in every way of writing cross-references but a hybrid one."""
    for form in Form:
        made = both(Blueprint(form=form, locks=Locks.EXCLUDE), tmp_path_factory.mktemp("fits"))
        assert made is not None
        assert ("native" in made[1]) is (form not in (Form.HYBRID, Form.LOOSE)), form


@pytest.mark.parametrize("form", Form)
def test_every_form_with_everything_in_it(office, tmp_path, form):
    """What chance might leave out: three signatures by turns on a nested, turned, inherited, updated document."""
    blueprint = Blueprint(
        form=form,
        pages=7,
        inherited=True,
        rotation=270,
        target=5,
        nested=True,
        locks=Locks.EXCLUDE,
        annotations="indirect",
        texts=2,
        outlines=12,
        attachments=2,
        metadata=True,
        updates=2,
        earlier=2,
    )
    judge(blueprint, office, tmp_path)


@pytest.mark.parametrize("order", [PATHS, PATHS[::-1]], ids="-then-".join)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_decision_of_which_each_path_signs_one_half(tmp_path, shape, order):
    """PDF/A-2b: the leader by one path; number, date and seal in one revision by the other."""
    pki = demo_pki()
    desk = Desk(tmp_path, pki.leader, pki.seal)
    source = desk.prepared(SHAPES[shape](desk.base()))
    acts = ((LEADER, pki.leader, SIGNATURE, {}), (STAMP, pki.seal, SEAL, fills(15, DAY)))
    for path, (field, key, image, values) in zip(order, acts, strict=True):
        size = contents_size(key, 500)
        request = SignatureRequest(field, size, "Nguyễn Văn An", NOW, Appearance(image), values)
        made = prepared(path, source, request)
        other = prepared(PATHS[1 - PATHS.index(path)], source, request)
        out, twin = tmp_path / f"{field}.pdf", tmp_path / f"{field}-twin.pdf"
        write(source, made, cms.build(made.digest, key), out)
        write(source, other, cms.build(other.digest, key), twin)
        assert written_field(out, field) == written_field(twin, field)
        assert same_pages(rendered(out), rendered(twin)) and not same_pages(rendered(source), rendered(out))
        source = out
    assert check(source).conforms
    office = Office(pki, tmp_path, NOW)
    hides_catalog = shape == "hybrid"
    if hides_catalog:
        assert judges.is_known_wrong("pyhanko-strict-hybrid-update", partial(judges.pyhanko, source, office))
    for opinion in (
        judges.ours(source, office),
        judges.pyhanko(source, office, strict=not hides_catalog),
        judges.pdfsig(source),
        judges.mutool(source),
    ):
        assert opinion.approves(2), opinion.said
    assert judges.qpdf(source)[0] == 0


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("way", ["rc4-128", "aes-128", "aes-256", "aes-256-plain-metadata"])
def test_everybody_agrees_on_encrypted_files(office, tmp_path, way, packed):
    """Only pyHanko writes here; whoever has the password finds both signatures good."""
    blueprint = Blueprint(pages=3, nested=True, metadata=True, earlier=1, texts=1, updates=1)
    source = tmp_path / "encrypted.pdf"
    source.write_bytes(encrypted(blueprint.write(tmp_path).read_bytes(), way, "user", "owner", packed=packed))
    for number in range(2):
        made = fallback.prepare_signature(source, request_for(blueprint, number), "user").made
        source = signed(made, source, tmp_path / f"{number}.pdf")
    report = validate_online(Direct(), source, office.trust, NOW, AGENCY, PkiSource(demo_pki()), "user")
    assert report.verdict == PASSED, explain(report)
    opinions = [judges.pdfsig(source, "user"), judges.mutool(source, "user")]
    if way == "aes-256-plain-metadata":
        ask = partial(judges.pyhanko, source, office, password="user")
        assert judges.is_known_wrong("pyhanko-plain-metadata", ask)
    else:
        opinions.append(judges.pyhanko(source, office, password="user"))
    for opinion in opinions:
        assert opinion.approves(2), opinion.said
    assert judges.qpdf(source, "user")[0] == 0

"""Page pictures are bounded, complete and honest about what they cannot read."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import Image

from policies.reasons import document as reasons
from signer.document import preview
from signer.errors import DocumentRefused


def _pdf(path, *sizes, content=b"", rotate=0, **save):
    pdf = pikepdf.new()
    for size in sizes:
        page = pdf.add_blank_page(page_size=size)
        if content:
            font = pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            page.Contents = pdf.make_stream(content)
        if rotate:
            page.Rotate = rotate
    pdf.save(path, **save)
    return path


def _open(data):
    return Image.open(io.BytesIO(data))


def test_sizes_and_picture_follow_rotation_and_dpi(tmp_path):
    path = _pdf(tmp_path / "a.pdf", (595, 842), rotate=90)
    assert preview.page_sizes(path) == (preview.PageSize(842, 595),)
    assert _open(preview.render_page(path, 0, 72)).size == (842, 595)
    assert _open(preview.render_page(path, 0, 144, "webp")).size == (1684, 1190)


@pytest.mark.parametrize("size", [(14_400, 14_400), (14_400, 3), (3, 14_400)])
def test_largest_pages_stay_within_the_pixel_limits_and_show_everything(tmp_path, size):
    red_top_right = f"1 0 0 rg {size[0] * 0.5} {size[1] * 0.5} {size[0]} {size[1]} re f".encode()
    path = _pdf(tmp_path / "huge.pdf", size, content=red_top_right)
    image = _open(preview.render_page(path, 0, 192)).convert("RGB")
    assert image.width * image.height <= preview.MAX_PIXELS * 1.01
    assert max(image.size) <= preview.MAX_SIDE
    assert image.getpixel((image.width - 2, 0)) == (255, 0, 0)
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_few_colours_are_kept_exactly_in_webp(tmp_path):
    path = _pdf(tmp_path / "a.pdf", (100, 100), content=b"0.2 0.4 0.6 rg 0 0 100 50 re f")
    image = _open(preview.render_page(path, 0, 72, "webp")).convert("RGB")
    assert image.getpixel((50, 90)) == (51, 102, 153)


def test_text(tmp_path):
    path = _pdf(tmp_path / "a.pdf", (300, 100), content=b"BT /F1 12 Tf 10 50 Td (So: 15) Tj ET")
    assert preview.page_text(path, 0) == "So: 15"
    assert preview.page_text(_pdf(tmp_path / "b.pdf", (10, 10)), 0) == ""


def test_a_widget_appearance_is_drawn(tmp_path):
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(100, 100))
    form = pdf.make_stream(b"0 0 1 rg 0 0 50 50 re f")
    form.update(pikepdf.Dictionary(Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 50, 50]))
    widget = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Sig, T="s", F=132,
        Rect=[0, 0, 50, 50], AP=pikepdf.Dictionary(N=form),
    )  # fmt: skip
    widget = pdf.make_indirect(widget)
    page.Annots = pikepdf.Array([widget])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[widget], SigFlags=3)
    pdf.save(tmp_path / "w.pdf")
    image = _open(preview.render_page(tmp_path / "w.pdf", 0, 72)).convert("RGB")
    assert image.getpixel((10, 90)) == (0, 0, 255)


def test_refusals_are_typed(tmp_path):
    path = _pdf(tmp_path / "a.pdf", (100, 100))
    with pytest.raises(DocumentRefused) as refusal:
        preview.render_page(path, 1)
    assert refusal.value.reason == reasons.NO_SUCH_PAGE
    (tmp_path / "junk").write_bytes(b"not a pdf at all")
    with pytest.raises(DocumentRefused) as refusal:
        preview.page_sizes(tmp_path / "junk")
    assert refusal.value.reason == reasons.NOT_READABLE
    locked = _pdf(tmp_path / "l.pdf", (10, 10), encryption=pikepdf.Encryption(user="u", owner="o"))
    with pytest.raises(DocumentRefused) as refusal:
        preview.page_text(locked, 0)
    assert refusal.value.reason == reasons.ENCRYPTED


@pytest.mark.parametrize(("dpi", "kind"), [(1, "png"), (10_000, "png"), (96, "gif")])
def test_wrong_arguments_are_the_callers_error(tmp_path, dpi, kind):
    with pytest.raises(ValueError):
        preview.render_page(tmp_path / "none.pdf", 0, dpi, kind)

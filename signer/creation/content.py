"""Page content added at preparation.

Old content is kept, in order, and closed off: whatever graphics state it leaves behind (a `q` without its
`Q`, an open text object) does not reach what is drawn after it.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pikepdf

from policies.reasons import document as reasons
from signer.creation.append import Revision
from signer.creation.plan import QrPlan
from signer.document.reader import Page
from signer.document.syntax import Stream
from signer.errors import DocumentRefused
from signer.stamping.appearance import Colours, tidy
from signer.stamping.qr import qr_form


def add_qr(revision: Revision, path: Path, plan: QrPlan, page: Page, colours: Colours) -> None:
    """Draw the QR on top of the page's content. Raises `DocumentRefused` when that content is unreadable."""
    pdf = revision.pdf
    turned = pdf.resolve(page.dict.get("Rotate"))
    rotation = turned % 360 if isinstance(turned, int) and turned % 90 == 0 else 0
    form = qr_form(plan.url, (plan.host, plan.code), plan.rect, rotation, colours, revision.add)
    opening, closing = _closing(path, page.index)
    a, b, c, d, e, f = _upright(plan, rotation)
    resources = dict(pdf.dictionary(page.dict.get("Resources")))
    objects = pdf.dictionary(resources.get("XObject"))
    name = next(f"AnTinQr{number}" for number in count(1) if f"AnTinQr{number}" not in objects)
    drawn = f"/Artifact BMC\nq {a} {b} {c} {d} {tidy(e)} {tidy(f)} cm /{name} Do Q\nEMC".encode()
    own = revision.value(page.ref)
    old: list[Any] = [own["Contents"]] if "Contents" in own else []
    if isinstance(pdf.resolve(own.get("Contents")), list):
        old = pdf.array(own["Contents"])
    before = revision.add(Stream({}, data=opening))
    after = revision.add(Stream({}, data=closing + drawn))
    resources["XObject"] = {**objects, name: form}
    revision.put(page.ref, {**own, "Resources": resources, "Contents": [before, *old, after]})


def _upright(plan: QrPlan, rotation: int) -> tuple[int, int, int, int, float, float]:
    rect = plan.rect
    return {
        90: (0, 1, -1, 0, rect.x1, rect.y0),
        180: (-1, 0, 0, -1, rect.x1, rect.y1),
        270: (0, -1, 1, 0, rect.x0, rect.y1),
    }.get(rotation, (1, 0, 0, 1, rect.x0, rect.y0))


def _closing(path: Path, index: int) -> tuple[bytes, bytes]:
    """What to write before and after the old content so that it is balanced, whatever it leaks."""
    try:
        with pikepdf.Pdf.open(path) as document:
            page = document.pages[index]
            operators = [
                str(item.operator) for item in pikepdf.parse_content_stream(page, "q Q BT ET BMC BDC EMC")
            ]
    except (pikepdf.PdfError, ValueError, RuntimeError) as exc:
        raise DocumentRefused(reasons.MALFORMED, what=f"/Contents, {index + 1}", offset=0) from exc
    depth = lowest = text = marked = 0
    for operator in operators:
        depth += {"q": 1, "Q": -1}.get(operator, 0)
        lowest = min(lowest, depth)
        text = {"BT": 1, "ET": 0}.get(operator, text)
        marked = max(0, marked + {"BMC": 1, "BDC": 1, "EMC": -1}.get(operator, 0))
    opened = 1 - lowest
    return b"q\n" * opened, b"\nET" * text + b"\nEMC" * marked + b"\nQ" * (opened + depth) + b"\n"

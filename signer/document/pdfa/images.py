"""6.2.8 and 6.2.9: image and form XObjects hold no alternates, no references, nothing to be guessed."""

from __future__ import annotations

from typing import Any

from signer.document.pdfa.colour import check_blending, check_rendering_intent
from signer.document.pdfa.context import Context
from signer.document.pdfa.transparency import check_group


def external_object_rule(context: Context, _: str, node: dict[str, Any], number: int) -> None:
    """Rules on one XObject, told by its /Subtype."""
    kind = context.name(node.get("Subtype"))
    if kind == "Image" and "Width" in node:
        check_image(context, node, number)
        check_rendering_intent(context, node.get("Intent"), number)
        context.require("Alternates" not in node, "6.2.8-1", "the image has alternates", number)
        context.require("OPI" not in node, "6.2.8-2", "the image has /OPI", number)
        context.require("SMask" not in node, "1:6.4-2", "the image has a soft mask", number)
    elif kind == "Form":
        postscript = "PS" in node or context.name(node.get("Subtype2")) == "PS"
        context.require(not postscript, "6.2.9-1", "the form has /PS or /Subtype2", number)
        context.require("OPI" not in node, "6.2.9-1/OPI", "the form has /OPI", number)
        context.require("Ref" not in node, "6.2.9-2", "the form is a reference XObject", number)
        context.require("SMask" not in node, "1:6.4-2", "the form has a soft mask", number)
        check_group(context, node, number)
        check_blending(context, node, number)
    elif kind == "PS" and context.name(node.get("Type")) in ("", "XObject"):
        context.fail("6.2.9-3", "a PostScript XObject", number)


def check_image(context: Context, node: dict[str, Any], number: int) -> None:
    """6.2.8-3 to -5, for image XObjects and inline images with their keys written out."""
    interpolated = context.get(node.get("Interpolate"))
    context.require(interpolated is None or interpolated is False, "6.2.8-3", "/Interpolate is true", number)
    bits = context.integer(node.get("BitsPerComponent"))
    if context.get(node.get("ImageMask")) is True:
        context.require(bits in (None, 1), "6.2.8-5", f"a mask of {bits} bits", number)
    else:
        allowed = bits is None or bits in context.part.image_bits
        context.require(allowed, "6.2.8-4", f"{bits} bits per component", number)


def has_own_space(context: Context, node: dict[str, Any]) -> bool:
    """Whether an image's data say which colour space they are in: JPEG 2000 alone."""
    used = context.get(node.get("Filter"))
    names = used if isinstance(used, list) else [used]
    return any(context.name(name) == "JPXDecode" for name in names)

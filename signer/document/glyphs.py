"""PDFium's questions about single characters of a text page, bound for speed: a page asks thousands of them.

The interpreter's lock is kept (a worker has one thread), and arguments have no declared types, whose checks cost
more than the call: a page is what `handle_of` gives, an index a plain int below `FPDFText_CountChars`, and
results go to ctypes objects by reference, of the types that PDFium names.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium


def _bound(function: Any, result: Any) -> Callable[..., Any]:
    address = ctypes.cast(function, ctypes.c_void_p).value
    bound: Any = ctypes.PYFUNCTYPE(result)(address or 0)
    bound.argtypes = None  # not "no arguments", as the empty list would mean
    return bound  # type: ignore[no-any-return]


unicode_of = _bound(pdfium.FPDFText_GetUnicode, ctypes.c_uint)
font_size_of = _bound(pdfium.FPDFText_GetFontSize, ctypes.c_double)
angle_of = _bound(pdfium.FPDFText_GetCharAngle, ctypes.c_float)
origin_of = _bound(pdfium.FPDFText_GetCharOrigin, ctypes.c_int)
loose_box_of = _bound(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int)
matrix_of = _bound(pdfium.FPDFText_GetMatrix, ctypes.c_int)

Box = ctypes.c_float * 4  # FS_RECTF: left, top, right, bottom
Matrix = ctypes.c_float * 6  # FS_MATRIX: a, b, c, d, e, f


def handle_of(text_page: Any) -> ctypes.c_void_p:
    """A text page, as the functions here take it."""
    return ctypes.cast(text_page.raw, ctypes.c_void_p)

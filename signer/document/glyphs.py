"""PDFium's questions about single characters of a text page, bound for speed: a page asks thousands of them.

Plain addresses instead of typed pointers, and the interpreter's lock is kept: a worker has one thread. That
halves the price of a call. An index must be below `FPDFText_CountChars`; results go to the given addresses.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium

_AT, _INDEX = ctypes.c_void_p, ctypes.c_int


def _bound(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    address = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.PYFUNCTYPE(result, *arguments)(address or 0)


unicode_of = _bound(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _AT, _INDEX)
font_size_of = _bound(pdfium.FPDFText_GetFontSize, ctypes.c_double, _AT, _INDEX)
angle_of = _bound(pdfium.FPDFText_GetCharAngle, ctypes.c_float, _AT, _INDEX)
origin_of = _bound(pdfium.FPDFText_GetCharOrigin, ctypes.c_int, _AT, _INDEX, _AT, _AT)
loose_box_of = _bound(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, _AT, _INDEX, _AT)
matrix_of = _bound(pdfium.FPDFText_GetMatrix, ctypes.c_int, _AT, _INDEX, _AT)

Box = ctypes.c_float * 4  # FS_RECTF: left, top, right, bottom
Matrix = ctypes.c_float * 6  # FS_MATRIX: a, b, c, d, e, f


def address_of(text_page: Any) -> int:
    """The address of a text page, as the functions here take it."""
    return ctypes.cast(text_page.raw, ctypes.c_void_p).value or 0

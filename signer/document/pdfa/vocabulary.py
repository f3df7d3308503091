"""The names that the parts of ISO 19005 allow: of annotations, actions, filters, blend modes, CMaps, schemas.

`_14` is what PDF Reference 1.4 knows (part 1), `_17` what ISO 32000-1 knows (parts 2 and 3).
"""

from __future__ import annotations

ANNOTATIONS_14 = frozenset(
    {
        "Text", "Link", "FreeText", "Line", "Square", "Circle", "Highlight", "Underline", "Squiggly",
        "StrikeOut", "Stamp", "Ink", "Popup", "Widget", "PrinterMark", "TrapNet",
    }
)  # fmt: skip
ANNOTATIONS_17 = ANNOTATIONS_14 | {
    "Polygon",
    "PolyLine",
    "Caret",
    "FileAttachment",
    "Watermark",
    "Redact",
}
ACTIONS_14 = frozenset({"GoTo", "GoToR", "Thread", "URI", "Named", "SubmitForm"})
ACTIONS_17 = ACTIONS_14 | {"GoToE"}
FILTERS_14 = frozenset(
    {
        "ASCIIHexDecode", "ASCII85Decode", "FlateDecode", "RunLengthDecode", "CCITTFaxDecode", "JBIG2Decode",
        "DCTDecode",
    }
)  # fmt: skip
FILTERS_17 = FILTERS_14 | {"JPXDecode", "Crypt"}
FONT_FILES_14 = frozenset({"", "Type1C", "CIDFontType0C"})
FONT_FILES_17 = FONT_FILES_14 | {"OpenType"}
BLEND_MODES_OPAQUE = frozenset({"Normal", "Compatible"})
BLEND_MODES = BLEND_MODES_OPAQUE | {
    "Multiply", "Screen", "Overlay", "Darken", "Lighten", "ColorDodge", "ColorBurn", "HardLight", "SoftLight",
    "Difference", "Exclusion", "Hue", "Saturation", "Color", "Luminosity",
}  # fmt: skip
IDENTITY_CMAPS = frozenset({"Identity-H", "Identity-V"})
_CMAPS = (
    "GB-EUC-H GB-EUC-V GBpc-EUC-H GBpc-EUC-V GBK-EUC-H GBK-EUC-V GBKp-EUC-H GBKp-EUC-V GBK2K-H GBK2K-V "
    "UniGB-UCS2-H UniGB-UCS2-V UniGB-UTF16-H UniGB-UTF16-V B5pc-H B5pc-V HKscs-B5-H HKscs-B5-V ETen-B5-H "
    "ETen-B5-V ETenms-B5-H ETenms-B5-V CNS-EUC-H CNS-EUC-V UniCNS-UCS2-H UniCNS-UCS2-V UniCNS-UTF16-H "
    "UniCNS-UTF16-V 83pv-RKSJ-H 90ms-RKSJ-H 90ms-RKSJ-V 90msp-RKSJ-H 90msp-RKSJ-V 90pv-RKSJ-H Add-RKSJ-H "
    "Add-RKSJ-V EUC-H EUC-V Ext-RKSJ-H Ext-RKSJ-V H V UniJIS-UCS2-H UniJIS-UCS2-V UniJIS-UCS2-HW-H "
    "UniJIS-UCS2-HW-V UniJIS-UTF16-H UniJIS-UTF16-V KSC-EUC-H KSC-EUC-V KSCms-UHC-H KSCms-UHC-V "
    "KSCms-UHC-HW-H KSCms-UHC-HW-V KSCpc-EUC-H UniKS-UCS2-H UniKS-UCS2-V UniKS-UTF16-H UniKS-UTF16-V"
)
PREDEFINED_CMAPS = IDENTITY_CMAPS | set(_CMAPS.split())  # ISO 32000-1, table 118
PDFAID = "http://www.aiim.org/pdfa/ns/id/"
EXTENSION_SCHEMA = "http://www.aiim.org/pdfa/ns/schema#"
SCHEMAS_2004 = frozenset(
    {
        PDFAID,
        EXTENSION_SCHEMA,
        "http://www.aiim.org/pdfa/ns/extension/",
        "http://www.aiim.org/pdfa/ns/property#",
        "http://www.aiim.org/pdfa/ns/type#",
        "http://www.aiim.org/pdfa/ns/field#",
        "http://purl.org/dc/elements/1.1/",
        "http://ns.adobe.com/xap/1.0/",
        "http://ns.adobe.com/xap/1.0/rights/",
        "http://ns.adobe.com/xap/1.0/mm/",
        "http://ns.adobe.com/xap/1.0/bj/",
        "http://ns.adobe.com/xap/1.0/t/pg/",
        "http://ns.adobe.com/pdf/1.3/",
        "http://ns.adobe.com/photoshop/1.0/",
        "http://ns.adobe.com/tiff/1.0/",
        "http://ns.adobe.com/exif/1.0/",
    }
)
SCHEMAS_2005 = SCHEMAS_2004 | {
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
    "http://ns.adobe.com/camera-raw-settings/1.0/",
    "http://ns.adobe.com/exif/1.0/aux/",
}

"""Where foreign validators answer otherwise than we do about a case of the suites, and why that is not right.

A case is named by its id, or by a pattern that all of its matches fit. `docs/disagreements.md` shows these rows; the
test demands them exactly: no disagreement without a row, no row without its disagreements.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.attacks.pdf.judges import ACCEPTS, REJECTS

PYHANKO, PDFSIG = "pyhanko", "pdfsig"


@dataclass(frozen=True)
class Disagreement:
    """`says` is the tool's answer, or the exception with which it gave up."""

    tool: str
    says: str
    why: str
    cases: tuple[str, ...]


ROWS = (
    Disagreement(
        PDFSIG,
        ACCEPTS,
        "It judges each signature over its own bytes and does not compare revisions: to what was appended it says "
        "“Not total document signed”, as it does to every signature but the newest.",
        (
            "incremental saving attack: *",
            "shadow attack: hide: *",
            "shadow attack: replace: *",
            "shadow attack: hide and replace: *",
            "evil annotation attack: *",
            "sneaky signature attack: *",
            "insecure forms and actions: *",
            "signature hiding: *",
            "font and content substitution: *",
            "DocMDP violation: *",
            "FieldMDP violation: *",
            "byte tail: *",
            "object that comes later: *",
            "one object in two roles: *",
            "two readers, two documents: *",
            "cross-document replay of a signature: the value of an earlier signature of the file",
        ),
    ),
    Disagreement(
        PDFSIG,
        ACCEPTS,
        "It takes the ByteRange as it stands: that the bytes left out are not the hole of the value is not looked at.",
        (
            "signature wrapping: objects in the filling",
            "signature wrapping: objects in the filling, shown by an update",
            "signature wrapping: the ByteRange is not signed",
            "signature wrapping: two ByteRanges",
        ),
    ),
    Disagreement(
        PDFSIG,
        ACCEPTS,
        "It is asked without its certificate store, and judges neither paths nor purposes nor revocation; it does not "
        "ask for the certificate that the signer named.",
        (
            "certificate with the right name from the wrong issuer: *",
            "certificate that may not sign: *",
            "issuer that is no CA: *",
            "signature that its key forbids: certificate: *",
            "signature that its key forbids: CRL: *",
            "signature that its key forbids: OCSP response: *",
            "answer that is none: *",
            "certificate substitution: another certificate over the same key",
            "certificate substitution: the older attribute names another",
            "claimed time: signed *",
        ),
    ),
    Disagreement(
        PDFSIG,
        ACCEPTS,
        "It does not ask whether a stream's data are in another file, which no signature covers (7.3.8.2).",
        ("data of another file: *",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It does not ask whether a stream's data are in another file, which no signature covers (7.3.8.2).",
        ("data of another file: *",),
    ),
    Disagreement(
        PDFSIG,
        ACCEPTS,
        "It verifies no time-stamps, neither a signature's nor a document's.",
        (
            "cross-document replay of a time-stamp: *",
            "valid time-stamp over other bytes: *",
            "signature that its key forbids: time-stamp: *",
        ),
    ),
    Disagreement(
        PDFSIG,
        REJECTS,
        "Its NSS knows no SHA-3, no EdDSA and no Brainpool curves in signatures (RFC 8419, RFC 8702, RFC 5639).",
        (
            "algorithms: *SHA3-*",
            "algorithms: Ed*",
            "algorithms: brainpool*",
        ),
    ),
    Disagreement(
        PDFSIG,
        ACCEPTS,
        "Its NSS lets a key that is announced for RSASSA-PSS alone make other signatures (RFC 4055, 1.2).",
        ("signature that its key forbids: PKCS#1 v1.5*",),
    ),
    Disagreement(
        PDFSIG,
        REJECTS,
        "It verifies no PSS signature in CMS under a key that is announced for PSS alone (RFC 4056, 3).",
        (
            "signature that its key forbids: another *, the twin",
            "signature that its key forbids: a shorter salt, the twin",
            "signature that its key forbids: no salt, the twin",
            "signature that its key forbids: PKCS#1 v1.5*, the twin",
            "keys for PSS alone: a longer salt",
            "keys for PSS alone: two digests, as the key demands",
            "keys for PSS alone: the *",
        ),
    ),
    Disagreement(
        PDFSIG,
        REJECTS,
        "It does not find a signer who is named by his key identifier (RFC 5652, 5.3).",
        ("adbe.pkcs7.detached: the signer is named by his key",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It looks at nothing after the last `startxref`: readers that search for objects find more.",
        (
            "byte tail: a *",
            "byte tail: an object",
            "byte tail: an object behind *",
            "byte tail: an object with zeros in its head",
            "byte tail: half of an object",
            "incremental saving attack: without cross-references",
            "incremental saving attack: without an end mark",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "Its rule for form filling lets value, drawing and flags of a field change by themselves: a person then reads "
        "something else than the value, or what lay under the field.",
        (
            "shadow attack: hide: the field over the text is drawn anew",
            "shadow attack: hide: the field over the text is filled on a white ground",
            "shadow attack: hide: the field over the text is hidden",
            "shadow attack: replace: the field is drawn with another text",
            "shadow attack: replace: the field gets another drawing",
            "shadow attack: replace: the field gets another value and keeps its drawing",
            "shadow attack: replace: the field is to be drawn by its reader",
            "insecure forms and actions: a field is read-only",
            "insecure forms and actions: a field is a password",
            "insecure forms and actions: the form is drawn by its reader",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It lets the form's defaults change: what readers draw themselves, and in which colour.",
        (
            "shadow attack: replace: that readers draw the form *",
            "shadow attack: replace: the form gains *",
            "shadow attack: replace: the form's own colour is another",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It takes an object that nothing defined before for new, though the signed page refers to it.",
        ("shadow attack: hide and replace: a hidden object gets what it waits for",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It compares what the cross-references name anew. An object whose place the signed part names, and whose bytes "
        "come later, is the same to it.",
        ("object that comes later: *",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It does not ask which objects /Size leaves out: to readers that believe it they are not there.",
        ("two readers, two documents: the size leaves out what covers the text",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It lets the catalog's extensions change, and does not ask whether the page uses the catalog besides.",
        ("one object in two roles: the catalog's extensions are a graphics state",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It takes a document time-stamp for long-term data also where its field draws over the page.",
        ("sneaky signature attack: a time-stamp in *",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It lets a field be drawn anew whatever kind of annotation it is: a stamp, say.",
        ("one object in two roles: a stamp that is *",),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits no document time-stamp where what the page draws leads to a field's appearance, though nothing of "
        "it changed; nor one in a field with a place that is hidden.",
        (
            "one object in two roles: the appearance of a field w*, the twin",
            "one object in two roles: the appearance of a group is drawn, the twin",
            "one object in two roles: the appearance of a widget, which goes is drawn, the twin",
            "sneaky signature attack: a time-stamp hidden *, the twin",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It lists the signatures of the newest revision: one that was taken away is not in the answer.",
        (
            "signature hiding: the value is taken from the field",
            "signature hiding: the value is no signature any more",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It reads the locks in the signature's references, not the /Lock of its field (ISO 32000-2, 12.7.5.5).",
        ("FieldMDP violation: the lock of the field itself",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "Its AdES validation asks for no purpose and no key usage unless it is told to (RFC 5280, 4.2.1.3, 4.2.1.12).",
        (
            "certificate that may not sign: a server's certificate signs",
            "certificate that may not sign: a key for encryption signs",
            "certificate that may not sign: a time-stamp authority's certificate signs",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It reads extensions whatever the version says, and the last of two (RFC 5280, 4.1.2.9, 4.2); of an anchor "
        "it does not ask whether it is a CA's (4.2.1.9).",
        (
            "issuer that is no CA: *, whose extensions say CA",
            "issuer that is no CA: first no CA, then one",
            "issuer that is no CA: an anchor, *",
        ),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It wants the salt exactly as long as the key's parameters say; longer ones are good (RFC 4055, 3.3).",
        (
            "keys for PSS alone: *a longer salt",
            "keys for PSS alone: two digests, as the key demands",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It asks no critical extension of a CRL's entry or of an OCSP response whether it knows it (RFC 5280, 5.3; RFC "
        "6960, 4.4).",
        (
            "answer that is none: CRL: a critical extension of an entry",
            "answer that is none: OCSP response: *",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It reads indirect lists, and takes entries of another issuer also in a list that is none (RFC 5280, 5.3.3). "
        "We read neither: such a list says nothing here.",
        (
            "answer that is none: CRL: of several issuers",
            "answer that is none: CRL: an entry of another issuer*",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "The time-stamp is a day younger than the certificate's end, so it proves nothing about the day before; its "
        "step for signatures with time passes it (EN 319 102-1, 5.5.4).",
        ("claimed time: signed after the certificate ended",),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "Its difference analysis does not know annotations that DocMDP P=3 permits; it warns so itself.",
        (
            "DocMDP violation: P=3, the page is written anew, the twin",
            "evil annotation attack: FreeText that says another, the twin",
            "evil annotation attack: Highlight in *, the twin",
            "evil annotation attack: StrikeOut in white, the twin",
            "evil annotation attack: Underline in white, the twin",
            "evil annotation attack: *, as thick as a bar, the twin",
        ),
    ),
    Disagreement(
        PYHANKO,
        "ObjectHeaderReadError",
        "It gives up on an object that is not where the table says; the twin shows nothing of it, before and after.",
        ("object that comes later: an entry leads beyond the signed file, the twin",),
    ),
    Disagreement(
        PYHANKO,
        "PdfStreamError",
        "It gives up on an object that does not end; the twin shows nothing of it, before and after.",
        ("object that comes later: a string ends beyond the signed file, the twin",),
    ),
    Disagreement(
        PYHANKO,
        "PdfReadError",
        "It gives up on a stream that does not end, which the twin never shows; and it looks for the end of the file "
        "in its last kilobyte, behind which a web site may have appended more.",
        ("object that comes later: a stream *, the twin", "two readers, two documents: *tail*, the twin"),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits no new object that nothing refers to.",
        (
            "two readers, two documents: rebuilt on account of lines of 19 bytes, the twin",
            "two readers, two documents: rebuilt on account of a size below nothing, the twin",
            "two readers, two documents: rebuilt on account of an absurd size, the twin",
        ),
    ),
    Disagreement(
        PYHANKO,
        "ValueError",
        "It reads no table whose entries are not written with all their zeros; nothing is hidden there.",
        ("two readers, two documents: rebuilt on account of lines without zeros, the twin",),
    ),
    Disagreement(
        PYHANKO,
        "KeyError",
        "It reads no trailer without /Size; nothing is hidden there.",
        ("two readers, two documents: rebuilt on account of no size, the twin",),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits other metadata only as XMP, and no other time of change in a page or a field; where a signature's "
        "field is named twice in the signed page, it permits no signature in it.",
        (
            "one object in two roles: the catalog's metadata are drawn, *, the twin",
            "one object in two roles: the security store is a font, the twin",
            "one object in two roles: the page is its own resources, the twin",
            "one object in two roles: the time of a field is drawn, the twin",
            "one object in two roles: the information of the trailer is drawn, the twin",
            "one object in two roles: a signature is a graphics state, the twin",
        ),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits no freed object, not even one that nobody uses or that a hybrid table hides (7.5.4 and 7.5.8.4).",
        ("freed objects: *", "hybrid cross-references: in an update after the signature"),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "A whole table written again makes it doubt what the signature covers, though no object moved.",
        ("a whole table written again",),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It knows no RSA with SHA-3 by name, and no SignerInfo with the OID of an EC key (RFC 5753, 7.1.3).",
        (
            "algorithms: RSA, SHA3-256",
            "algorithms: RSA, SHA3-512",
            "algorithms: plain ECDSA: *",
        ),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It refuses SHA-1 on a CA's certificate of 2015; the first generation of the government's CA has it, and a "
        "second preimage is out of reach.",
        (
            "two generations of the government's CA: both in one file",
            "two generations of the government's CA: the first, signed with SHA-1",
        ),
    ),
    Disagreement(
        PYHANKO,
        "ValueError",
        "It does not read a table without entries, which an empty update has (7.5.4).",
        ("an empty update",),
    ),
    Disagreement(
        PYHANKO,
        "SignatureValidationError",
        "It gives up on a lock whose action it does not know; we take everything for locked, and nothing was changed.",
        ("FieldMDP violation: unknown action, the twin",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It does not look at what a chosen face or a new signature draws, nor how large it is, nor whether a box shows "
        "its value.",
        (
            "shadow attack: replace: a face *is chosen*",
            "shadow attack: replace: a face that wrote a digit is left",
            "shadow attack: replace: a push button gets another face",
            "shadow attack: replace: a box s*",
            "sneaky signature attack: a field as large as the page, and no P",
            "sneaky signature attack: a prepared field as large as the page",
            "sneaky signature attack: a field of several widgets that cover the page",
            "sneaky signature attack: a field over most of *",
            "sneaky signature attack: a small field w*",
            "sneaky signature attack: a quarter of the page, update after update",
            "shadow attack: replace: a tick is drawn without a box",
            "shadow attack: replace: a value of nothing is drawn without a box",
        ),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It takes the last startxref, which names the signed table, and not what stands before it in no revision.",
        ("byte tail: *and the same end again",),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits other metadata only as XMP, and extensions and validation data only in their own form.",
        ("one object in two roles: the * hold the page, the twin",),
    ),
    Disagreement(
        PYHANKO,
        "PdfReadError",
        "It reads no reference with a sign, which an integer may have (7.3.3).",
        ("font and content substitution: the content is named with a sign *, the twin",),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits no other face of a radio button whose value stands above it.",
        ("boxes that are ticked after the signature: a radio button",),
    ),
    Disagreement(
        PYHANKO,
        ACCEPTS,
        "It does not look at what the drawing of a field or the face of a button shows, in which font, nor under the "
        "pointer.",
        (
            "shadow attack: replace: a face that covers a digit *",
            "shadow attack: replace: a field paints its ground: *",
            "shadow attack: replace: a filled field gets a ground under the pointer",
            "shadow attack: replace: an empty field gets a face under the pointer",
            "shadow attack: replace: a choice of one shows all",
            "shadow attack: replace: a list shows *",
            "shadow attack: replace: a value is written in a black *",
            "shadow attack: replace: a value is written in a grey *",
            "shadow attack: replace: a value is written in colours *",
            "shadow attack: replace: a value is written in an ink *",
            "shadow attack: replace: a value is written in white, with operands to spare",
            "shadow attack: replace: a value is written in another order, with operands to spare",
            "shadow attack: replace: a value is written in nothing, with operands to spare",
            "shadow attack: replace: a value is written in a font of an update before",
            "shadow attack: replace: a value is written in signs that a map calls digits",
            "shadow attack: replace: a value is written in dingbats",
            "font and content substitution: the font that a reader would draw a *",
        ),
    ),
    Disagreement(
        PYHANKO,
        REJECTS,
        "It permits a filled field neither its time of change (/M) nor the places of what was chosen (/I), and no "
        "filled field that a page names as well.",
        (
            "fields filled by programs of many: Acrobat*",
            "fields filled by programs of many: Foxit",
            "fields filled by programs of many: LibreOffice",
            "fields filled by programs of many: iText",
            "fields filled by programs of many: pdf.js",
            "fields filled by programs of many: a * box",
            "one object in two roles: the appearance of a field is a drawing, the twin",
            "one object in two roles: the value of a field is a colour, the twin",
        ),
    ),
    Disagreement(
        PYHANKO,
        "PdfReadError",
        "It reads no file in which a direct object stands among a field's kids.",
        ("one object in two roles: the kids of a field are attachments, the twin",),
    ),
)


def page_rows() -> list[str]:
    """The rows of the table in `docs/disagreements.md`."""
    return [
        f"| `{row.tool}` | {row.says} | {'<br>'.join(case.replace('*', '…') for case in row.cases)} | {row.why} |"
        for row in ROWS
    ]

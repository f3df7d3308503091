"""Where each page and form lives: the one list that templates link to and routes are written for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

ADDRESSES: dict[str, str] = {
    # public
    "home": "/",
    "verify": "/verify",  # POST multipart: file; GET redirects home
    "verify_report": "/verify/report",  # POST ticket, form (xml or pdf)
    "lookup": "/lookup",  # GET ?code=, redirects to document
    "document": "/v/{code}",
    "document_report": "/v/{code}/report.{form}",  # GET: xml or pdf
    "log": "/log",
    "policy": "/policy",
    # accounts
    "sign_in": "/sign-in",  # GET ?next=; POST name, password, next
    "sign_out": "/sign-out",  # POST csrf
    "desk": "/desk",  # GET, redirects to the desk of the caller's role
    # leader
    "inbox": "/desk/inbox",
    "review": "/desk/documents/{id}/review",
    "review_many": "/desk/review",  # GET ?id=&id=
    "sign": "/desk/documents/{id}/sign",  # POST csrf, digest, next (id or empty)
    "sign_many": "/desk/sign",  # POST csrf, id (repeated), digest-{id}
    "batch": "/desk/batches/{id}",  # what became of a batch
    "initial": "/desk/documents/{id}/initial",  # POST csrf, digest
    "return": "/desk/documents/{id}/return",  # POST csrf, reason, next
    # clerk
    "clerk": "/desk/clerk",  # GET ?tab=&after=
    "upload": "/desk/documents",  # POST multipart: csrf, file, kind, subject, urgency, recipients, leader, initial
    "prepare": "/desk/documents/{id}/prepare",  # GET; POST csrf, box-{n}-{page,left,top,width,height}
    "work": "/desk/documents/{id}",
    "number": "/desk/documents/{id}/number",  # GET; POST csrf, date, digest
    "issue": "/desk/documents/{id}/issue",  # POST csrf
    "file": "/desk/documents/{id}/file",  # GET ?q=&after=; POST csrf, dossier (repeated)
    "withdraw": "/desk/documents/{id}/withdraw",  # POST csrf
    "resubmit": "/desk/documents/{id}/resubmit",  # POST csrf
    "proceed": "/desk/documents/{id}/proceed",  # POST csrf: asks again for what the document waits for
    "recall": "/desk/documents/{id}/recall",  # POST csrf, reason
    "void": "/desk/documents/{id}/void",  # POST csrf, reason
    "resume": "/desk/documents/{id}/resume",  # POST csrf, reason
    "register": "/desk/register",  # GET ?year=&kind=&q=
    # dossiers
    "dossiers": "/desk/dossiers",  # GET ?tab=&q=&after=; POST csrf and the fields
    "dossier": "/desk/dossiers/{id}",
    "dossier_add": "/desk/dossiers/{id}/add",  # GET ?q=&after=; POST csrf, id (repeated)
    "dossier_upload": "/desk/dossiers/{id}/files",  # POST multipart: csrf, file, subject, number, date, author, pages
    "dossier_file": "/desk/dossiers/{id}/files/{file}",
    "dossier_change": "/desk/dossiers/{id}/change",  # GET; POST csrf, version and the fields
    "dossier_close": "/desk/dossiers/{id}/close",  # GET; POST csrf, version, work_ended, code
    "dossier_reopen": "/desk/dossiers/{id}/reopen",  # POST csrf, reason
    "dossier_remove": "/desk/dossiers/{id}/entries/{entry}/remove",  # POST csrf, reason
    # holds
    "holds": "/desk/holds",  # GET ?over=&after=; POST csrf, document (repeated) or dossier, reason, basis
    "hold_new": "/desk/holds/new",  # GET ?document= or ?dossier=
    "hold_ask": "/desk/holds/{id}/ask",  # POST csrf, reason
    "hold_refuse": "/desk/holds/{id}/refuse",  # POST csrf, reason
    "hold_confirm": "/desk/holds/{id}/confirm",  # POST csrf
    # auditor
    "auditor": "/desk/audit",
    "trail": "/desk/audit/trail",  # GET ?q=&after=
    "fsck": "/desk/audit/fsck",  # GET; POST csrf starts a run
}


# A path of our own: two slashes in a row, or a backslash, may mean another host to somebody on the way.
OWN_PATH = re.compile(r"(?!.*//)/[\w./?=&%-]*")


def address(name: str, /, **parts: Any) -> str:
    """The address of a page. Parts named in its pattern go into the path, the others into the query.

    Raises KeyError for an unknown page or a missing part.
    """
    pattern = ADDRESSES[name]
    path = pattern.format_map({key: quote(str(value), safe="") for key, value in parts.items()})
    rest = {
        key: value for key, value in parts.items() if "{" + key + "}" not in pattern and value is not None
    }
    return f"{path}?{urlencode(rest, doseq=True)}" if rest else path

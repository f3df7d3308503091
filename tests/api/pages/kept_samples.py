"""Sample context of the pages of dossiers and holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from api.pages import kept as k
from api.pages import views as v
from policies.dossiers import LANGUAGES, RIGHTS, DossierState
from policies.holds import HoldState
from policies.retention import Ending
from tests.api.pages.samples import AUDITOR, CLERK, ID, LEADER, NOW, SUBJECT

CODES = (
    k.CodeView("01", "Vĩnh viễn", "Luật Lưu trữ 33/2024/QH15, Điều 15; TT 05/2025/TT-BNV"),
    k.CodeView("05.TCBC", "Điều lệ tổ chức, quy chế làm việc: 20 năm", "TT 10/2022/TT-BNV"),
    k.CodeView("06", "10 năm", "Luật Lưu trữ 33/2024/QH15, Điều 15; TT 05/2025/TT-BNV"),
)
FIELDS = k.DossierFields(
    2026,
    "01.TCCB",
    "Hồ sơ thành lập Tổ công tác số hóa và lưu trữ điện tử hồ sơ giải quyết thủ tục hành chính",
    "Tổ chức cán bộ",
    "Lê Thị Cúc",
    date(2026, 1, 5),
    description="Gồm 02 tập.",
    planned_code="06",
)
FORM = k.DossierForm(FIELDS, (2027, 2026, 2025), RIGHTS, LANGUAGES, CODES, date(2026, 11, 20))
OPEN = k.DossierItem(ID, "H99.01.2026.01.TCCB", FIELDS.title, "Tổ chức cán bộ", DossierState.OPEN, NOW, 12)
CLOSED = replace(OPEN, id="c", state=DossierState.CLOSED, retention="10 năm", heading="")
COUNTS = {"open": 2, "closed": 1300, "ending": None}
LIST = k.DossiersView("open", COUNTS, (OPEN, CLOSED), "tổ công tác", "cursor", FORM)
ENDED = replace(CLOSED, last_day=date(2026, 12, 31), ending=Ending.ENDED)
ENDS = replace(ENDED, id="d", last_day=date(2027, 12, 31), ending=Ending.SOON)
ENDING = replace(LIST, tab="ending", items=(ENDED, ENDS), query="", notice_days=180)
DOCUMENT = k.EntryView(
    1, 1, ID, "", "15/QĐ-UBND", date(2026, 3, 5), "Quyết định " + SUBJECT, "UBND tỉnh Sông Hồng", 4, "Bản chính",
    "Lê Thị Cúc", NOW, removable=True,
)  # fmt: skip
SCAN = k.EntryView(
    2,
    3,
    "",
    "f",
    "15/SNV-VTLT",
    None,
    "Công văn đến của Sở Nội vụ",
    "",
    0,
    "",
    "Lê Thị Cúc",
    NOW,
    size=1 << 20,
)
HOLD = k.HoldView(
    "h1",
    HoldState.PLACED,
    "15/QĐ-UBND " + SUBJECT,
    (v.Choice("/desk/documents/x", "15/QĐ-UBND " + SUBJECT), v.Choice("", "… +3")),
    "Thanh tra tỉnh yêu cầu giữ nguyên hồ sơ",
    "CV 12/TTr-NV1 ngày 05/03/2026 của Thanh tra tỉnh",
    "Lê Thị Cúc",
    NOW,
    acts=frozenset({"ask-release"}),
)
ASKED = replace(
    HOLD,
    id="h2",
    state=HoldState.RELEASE_ASKED,
    asked_by="Lê Thị Cúc",
    asked_at=NOW,
    asked_reason="Đã có kết luận thanh tra",
    acts=frozenset({"refuse-release", "confirm-release"}),
)
OWN = replace(ASKED, id="h3", acts=frozenset(), own_request=True)
GONE = replace(
    ASKED, id="h4", state=HoldState.RELEASED, decided_by="Nguyễn Văn An", released_at=NOW, acts=frozenset()
)
GOING = replace(
    ASKED, id="h5", state=HoldState.RELEASE_CONFIRMED, decided_by="Nguyễn Văn An", acts=frozenset()
)
DOSSIER = k.DossierView(
    ID,
    4,
    OPEN.code,
    FIELDS,
    DossierState.OPEN,
    "06 · 10 năm",
    None,
    None,
    k.KeptView("undecided"),
    "Lê Thị Cúc",
    NOW,
    None,
    (DOCUMENT, SCAN),
    12,
    200,
    frozenset({"filed", "changed", "closed", "removed", "hold"}),
    (),
    (
        v.TimelineEntry(NOW, "Lê Thị Cúc", "Mở hồ sơ"),
        v.TimelineEntry(NOW, "Lê Thị Cúc", "Rút khỏi hồ sơ", note="Lưu nhầm"),
    ),
    1 << 30,
)
ENDED = replace(
    DOSSIER,
    state=DossierState.CLOSED,
    retention=CODES[2],
    work_ended=date(2026, 10, 1),
    kept=k.KeptView("period", date(2036, 12, 31)),
    closed_at=NOW,
    next_entry=None,
    acts=frozenset({"reopened", "hold"}),
    holds=(HOLD,),
)
ITEM = k.FileableItem(ID, "15/QĐ-UBND", date(2026, 3, 5), "Quyết định", SUBJECT, filed=True)
ADD = k.AddView(ID, OPEN.code, FIELDS.title, (ITEM, replace(ITEM, id="b", filed=False)), "", "cursor")
FILE = k.FileView(ID, SUBJECT, "15/QĐ-UBND", (CLOSED,), (OPEN, replace(OPEN, id="b")), "", "cursor")
CLOSE = k.CloseView(
    ID, 4, OPEN.code, FIELDS.title, 12, CODES, "06", date(2026, 3, 5), date(2026, 11, 20), date(2026, 10, 1)
)
FORM_OF_HOLD = k.HoldForm((v.Choice(ID, "15/QĐ-UBND " + SUBJECT), v.Choice("b", "16/QĐ-UBND")), False)
HOLDS = k.HoldsView((ASKED, HOLD, GOING, GONE), "cursor", may_place=True)
FILED = k.FiledView((OPEN, CLOSED), k.KeptView("held"), (HOLD,))
UNFILED = k.FiledView((), k.KeptView("undecided"))
PROBLEM = "Đã có hồ sơ mang mã H99.01.2026.01.TCCB. Hãy dùng hồ sơ đó, hoặc chọn số, ký hiệu khác."

PAGES = {
    "dossiers": ("dossiers.html", "/desk/dossiers?tab=open", CLERK, {"dossiers": LIST, "problem": ""}),
    "dossiers refused": ("dossiers.html", "/desk/dossiers", CLERK, {"dossiers": LIST, "problem": PROBLEM}),
    "dossiers ending": (
        "dossiers.html",
        "/desk/dossiers?tab=ending",
        CLERK,
        {"dossiers": ENDING, "problem": ""},
    ),
    "dossiers none ending": (
        "dossiers.html",
        "/desk/dossiers?tab=ending",
        AUDITOR,
        {"dossiers": replace(ENDING, items=(), form=None, older=None), "problem": ""},
    ),
    "dossiers empty": (
        "dossiers.html",
        "/desk/dossiers",
        AUDITOR,
        {"dossiers": replace(LIST, items=(), form=None, query="", older=None), "problem": ""},
    ),
    "dossier": (
        "dossier.html",
        "/desk/dossiers/x",
        CLERK,
        {"dossier": DOSSIER, "done": "Đã mở hồ sơ.", "problem": ""},
    ),
    "dossier closed": (
        "dossier.html",
        "/desk/dossiers/x",
        CLERK,
        {"dossier": ENDED, "done": "", "problem": ""},
    ),
    "dossier empty": (
        "dossier.html",
        "/desk/dossiers/x",
        LEADER,
        {
            "dossier": replace(
                DOSSIER, entries=(), total=0, next_entry=None, acts=frozenset(), kept=k.KeptView("permanent")
            ),
            "done": "",
            "problem": PROBLEM,
        },
    ),
    "dossier add": ("dossier-add.html", "/desk/dossiers/x/add", CLERK, {"add": ADD, "problem": ""}),
    "dossier add empty": (
        "dossier-add.html",
        "/desk/dossiers/x/add",
        CLERK,
        {"add": replace(ADD, items=(), older=None), "problem": PROBLEM},
    ),
    "dossier change": (
        "dossier-change.html",
        "/desk/dossiers/x/change",
        CLERK,
        {"form": replace(FORM, id=ID, code="x"), "problem": ""},
    ),
    "dossier close": ("dossier-close.html", "/desk/dossiers/x/close", CLERK, {"close": CLOSE, "problem": ""}),
    "file": ("file.html", "/desk/documents/x/file", CLERK, {"filing": FILE, "problem": ""}),
    "file empty": (
        "file.html",
        "/desk/documents/x/file",
        CLERK,
        {"filing": replace(FILE, inside=(), items=(), older=None), "problem": PROBLEM},
    ),
    "holds": ("holds.html", "/desk/holds", LEADER, {"holds": HOLDS, "done": "", "problem": ""}),
    "holds own": (
        "holds.html",
        "/desk/holds",
        CLERK,
        {"holds": replace(HOLDS, items=(OWN,), over=True), "done": "Đã tạm giữ.", "problem": ""},
    ),
    "holds empty": (
        "holds.html",
        "/desk/holds",
        AUDITOR,
        {"holds": k.HoldsView((), None, may_place=False), "done": "", "problem": PROBLEM},
    ),
    "hold new": ("hold-new.html", "/desk/holds", CLERK, {"hold": FORM_OF_HOLD, "problem": ""}),
    "hold new dossier": (
        "hold-new.html",
        "/desk/holds",
        AUDITOR,
        {"hold": replace(FORM_OF_HOLD, is_dossier=True, over=FORM_OF_HOLD.over[:1]), "problem": PROBLEM},
    ),
}


def filed(pages):
    """A document's page with its dossiers and holds, and without any."""
    template, path, viewer, context = pages["work done"]
    work = replace(context["work"], acts=frozenset({"file", "hold", "recall"}))
    return {
        "work filed": (template, path, viewer, {**context, "work": work, "filed": FILED}),
        "work unfiled": (template, path, viewer, {**context, "filed": UNFILED}),
    }

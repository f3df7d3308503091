"""Sample context of every page: what routes hand over, in the shapes that matter (none, one, many, trouble)."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from api.pages import audited, clerk, issued, leader, proofs, verified
from api.pages import policy as p
from api.pages import views as v
from policies.vocabulary import (
    Changes,
    Coverage,
    FieldRole,
    Indication,
    Integrity,
    Level,
    Role,
    Severity,
    State,
    SubIndication,
)

NOW = datetime(2026, 11, 20, 7, 5, 9, tzinfo=UTC)
SUBJECT = "Phê duyệt Kế hoạch số hóa và lưu trữ điện tử hồ sơ giải quyết thủ tục hành chính của tỉnh Sông Hồng năm 2027"
CODE = "7K3MQ2PZ5V6TAB4NXH2RCD8EWY"
SHA = "9f2c41d07b8e6a5533e1c0f4d2ab97865544fe10c3b2a1908f7e6d5c4b3a2910"
ID = "0193c0de-7a11-7b3c-8d4e-5f6a7b8c9d0e"

LEADER = v.Viewer("Nguyễn Văn An", "Phó Chủ tịch", frozenset({Role.LEADER}), "csrf-token")
CLERK = v.Viewer("Lê Thị Cúc", "Văn thư cơ quan", frozenset({Role.CLERK}), "csrf-token")
AUDITOR = v.Viewer("Phạm Văn Dũng", "Thanh tra viên", frozenset({Role.AUDITOR}), "csrf-token")


def page_image(number=1):
    return v.PageImage(number, f"/page-{number}.png", 1240, 1754, "ỦY BAN NHÂN DÂN\nTỈNH SÔNG HỒNG")


FINDING = verified.Finding(
    "verification.claimed-time", Severity.WARNING, "Giờ khai báo lệch đúng 7 giờ so với dấu thời gian."
)
SIGNED = verified.SignatureView(
    field="AnTinLeader1",
    indication=Indication.TOTAL_PASSED,
    sub_indication=None,
    integrity=Integrity.INTACT,
    coverage=Coverage.REVISION,
    changes=Changes.FORM_FILL,
    level=Level.B_T,
    signer="Nguyễn Văn An (DEMO)",
    title="Phó Chủ tịch",
    organisation="Ủy ban nhân dân tỉnh Sông Hồng",
    issuer="DEMO CA phục vụ cơ quan nhà nước",
    managing_body="Cơ quan chứng thực DEMO",
    trust_domain="chuyên dùng công vụ",
    signing_time=NOW,
    time_is_stamped=True,
    valid_at_signing=True,
    certificate_from=NOW - timedelta(days=200),
    certificate_to=NOW + timedelta(days=900),
    change_items=("Điền số 15/QĐ-UBND và ngày 20 tháng 11", "Ký số cơ quan"),
)
SEALED = replace(
    SIGNED,
    field="AnTinSeal",
    coverage=Coverage.WHOLE,
    changes=Changes.NONE,
    signer="Ủy ban nhân dân tỉnh Sông Hồng (DEMO)",
    title="",
    signing_time=NOW + timedelta(minutes=4),
    change_items=(),
)
ALTERED = replace(
    SEALED,
    indication=Indication.TOTAL_FAILED,
    sub_indication=SubIndication.FORMAT_FAILURE,
    changes=Changes.FORBIDDEN,
    change_items=("Số văn bản bị đổi sau khi ký số cơ quan",),
    findings=(
        replace(FINDING, severity=Severity.ERROR, text="Trường số đã khóa bị thay đổi ở phiên bản 4."),
    ),
)
UNKNOWN = replace(
    SIGNED,
    indication=Indication.INDETERMINATE,
    sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    level=Level.CMS,
    time_is_stamped=False,
    valid_at_signing=None,
    signer="",
    findings=(FINDING,),
)
STAMP = replace(SEALED, level=Level.DTS, signer="DEMO TSA", title="", organisation="")
PROOF = proofs.Proof(index=41, size=1342, logged_at=NOW)
WITNESSES = (proofs.Witness("Sở Thông tin tỉnh bên", NOW), proofs.Witness("chung-kien.example.vn/antin", NOW))
KEPT = verified.Kept(CODE, "15/QĐ-UBND", State.ISSUED, NOW, NOW, proof=PROOF)
CONFORMING = verified.ConformityView(
    "Tệp tự khai là PDF/A-2B; kiểm tra theo PDF/A-2B không thấy vi phạm.",
    "2B",
    complete=True,
    findings=(),
    unexamined=(),
)
BREAKING = replace(
    CONFORMING,
    told="Tệp tự khai là PDF/A-2B nhưng có 2 điểm chưa đúng quy tắc của PDF/A-2B.",
    complete=False,
    findings=(
        verified.ConformityFinding("6.1.3-3", "cấu trúc tệp", 0, "4 bytes after the last %%EOF"),
        verified.ConformityFinding(
            "6.2.11.4.1-1", "phông chữ", 13, "the font <b>Helvetica</b> is not embedded"
        ),
    ),
    unexamined=("các màu pha so với nhau", "từng nét chữ của phông CFF và Type 1"),
)
GOOD = verified.VerificationView(
    file_name="15-QD-UBND.pdf",
    size=96_211,
    sha256=SHA,
    checked_at=NOW,
    indication=Indication.TOTAL_PASSED,
    sub_indication=None,
    signatures=(SIGNED, SEALED),
    findings=(),
    kept=KEPT,
    report_json=json.dumps({"schema": "antin.verify/1", "indication": "TOTAL-PASSED"}, indent=2),
    profile="agency",
    policy="TT 15/2025/TT-BKHCN, PL I và PL II; NĐ 68/2024/NĐ-CP",
    policy_id="urn:antin:validation-policy:agency:1",
    policy_version=1,
    trust="demo",
    evidence=(
        verified.Evidence("certificate", "Nguyễn Văn An (DEMO)", None, SHA),
        verified.Evidence("ocsp", "Nguyễn Văn An (DEMO)", NOW, SHA[::-1]),
        verified.Evidence("timestamp", "DEMO TSA", NOW, SHA[:32] * 2),
    ),
    ticket="QUJDREVG",
    pdfa=CONFORMING,
)
BAD = replace(
    GOOD,
    indication=Indication.TOTAL_FAILED,
    sub_indication=SubIndication.FORMAT_FAILURE,
    signatures=(SIGNED, ALTERED),
    kept=None,
    pdfa=BREAKING,
)
UNSURE = replace(
    GOOD,
    indication=Indication.INDETERMINATE,
    sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    signatures=(UNKNOWN, STAMP),
    kept=replace(KEPT, recalled_at=NOW),
    findings=(FINDING,),
    pdfa=None,
)
UNSIGNED = replace(
    GOOD,
    file_name="<img src=x onerror=alert(1)>.pdf",
    indication=Indication.NO_SIGNATURE,
    signatures=(),
    kept=replace(KEPT, replaced_by=CODE, proof=None),
    findings=(
        verified.Finding(
            "verification.only-picture", Severity.WARNING, "Tệp chỉ có hình chữ ký, không có chữ ký số."
        ),
    ),
)
CHOSEN = replace(
    GOOD, profile="historical", policy_id="urn:antin:validation-policy:historical:1", usual_policy=False
)
CHOICES = tuple(
    p.ProfileChoice(name, name == "agency") for name in ("agency", "public", "strict", "historical", "own")
)
PROFILE = p.ProfileView(
    name="agency",
    usual=True,
    in_effect=True,
    identifier="urn:antin:validation-policy:agency:1",
    version=1,
    basis="TT 15/2025/TT-BKHCN, PL I và PL II; NĐ 68/2024/NĐ-CP",
    since=date(2025, 1, 1),
    until=None,
    domains="chuyên dùng công vụ",
    formats="ETSI.CAdES.detached, ETSI.RFC3161, adbe.pkcs7.detached",
    digests="sha256, sha384, sha3_256, sha3_384, sha3_512, sha512, sha512_256, shake256, shake_256",
    keys="RSA 2048, EC 256, ED 255",
    weak="sha1 01/01/2017, md5 01/01/2005, RSA 1024 01/01/2011",
    accepts_weak=False,
    needs_timestamp=False,
    needs_reference=False,
    fingerprint=SHA,
)
POLICY = p.PolicyView(
    algorithms="RSA 2048–4096, rsa-pkcs1v15-sha256",
    trust="official-duty v7 3fa9c2d1e0b4",
    trust_until=date(2027, 5, 19),
    profiles=(
        PROFILE,
        replace(
            PROFILE,
            name="own",
            usual=False,
            in_effect=False,
            until=date(2026, 1, 1),
            accepts_weak=True,
            needs_timestamp=True,
            needs_reference=True,
        ),
    ),
)
DOCUMENT = issued.DocumentView(
    code=CODE,
    kind="Quyết định",
    number="15/QĐ-UBND",
    date=date(2026, 11, 20),
    subject=SUBJECT,
    agency="Ủy ban nhân dân tỉnh Sông Hồng",
    state=State.ISSUED,
    issued_at=NOW,
    pages=(page_image(),),
    signatures=(SIGNED, SEALED),
    proof=PROOF,
    pdf_url=f"/v/{CODE}/document.pdf",
    receipt_url=f"/v/{CODE}/receipt.json",
    size=96_211,
    sha256=SHA,
)
LOG = proofs.LogView(
    origin="antin.songhong.demo/log",
    size=1342,
    root="c0ffee" * 10 + "c0de",
    published_at=NOW,
    checkpoint="antin.songhong.demo/log\n1342\nqINS1GRFhWxeFWAYxzh6bs+fDp5Gk7r8Lw2gBmwU9Rk=\n\n— antin Az3gr…",
    key="antin.songhong.demo/log+3a9f1c2e+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA",
    checkpoint_url="/log/checkpoint",
    key_url="/log/log.vkey",
    tiles_url="/log/tile/",
)
WITNESSED_LOG = replace(LOG, witnesses=WITNESSES, witnessed_size=1340, published_at=None)
ITEM = leader.InboxItem(ID, SUBJECT, "Quyết định", 0, "Lê Thị Cúc", NOW, 3, "KT. Chủ tịch", overdue=False)
ITEMS = (
    replace(
        ITEM,
        id="a",
        urgency=3,
        subject="Công điện về ứng phó mưa lũ sau bão số 14",
        kind="Công điện",
        overdue=True,
    ),
    ITEM,
    replace(ITEM, id="c", subject="Thành lập Tổ công tác liên ngành", initial=True, urgency=1, pages=12),
)
REVIEW = leader.ReviewView(
    id=ID,
    digest=SHA,
    subject=SUBJECT,
    kind="Quyết định",
    urgency=1,
    sender="Lê Thị Cúc, Văn thư",
    since=NOW,
    capacity="KT. CHỦ TỊCH, PHÓ CHỦ TỊCH",
    signer="Nguyễn Văn An",
    recipients="Như Điều 4; Bộ Nội vụ (để báo cáo); Lưu: VT, KSTT",
    pages=(page_image(),),
    page_count=1,
    notes=("Trích yếu trên văn bản khác với trích yếu đã nhập.",),
    position=1,
    total=3,
    next_id="c",
)
UPLOAD = clerk.UploadOptions(
    kinds=(v.Choice("QĐ", "Quyết định"), v.Choice("CV", "Công văn")),
    leaders=(v.Choice("l1", "Nguyễn Văn An, Phó Chủ tịch"), v.Choice("l2", "Trần Thị Bình, Chủ tịch")),
    initials=(v.Choice("i1", "Hoàng Minh Đức, Chánh Văn phòng"),),
    limit=1 << 30,
)
COUNTS = {"draft": 2, "circulating": 3, "timestamp": 1, "number": 4, "issue": 0, "issued": 1342}
WORK_ITEM = clerk.WorkItem(ID, SUBJECT, "Quyết định", "", State.LEADER_TIMESTAMPED, 1, "Nguyễn Văn An", NOW)
WORK_ITEMS = (
    WORK_ITEM,
    replace(WORK_ITEM, id="b", state=State.RETURNED, note="Trả lại: sai căn cứ pháp lý", overdue=True),
    replace(WORK_ITEM, id="c", state=State.ISSUED, number="15/QĐ-UBND", urgency=0),
)
BOXES = (
    clerk.BoxView("AnTinNumber", FieldRole.NUMBER, "Số", 1, 42.0, 35.5, 14.0, 6.0),
    clerk.BoxView("AnTinDay", FieldRole.DATE, "Ngày", 1, 136.0, 35.5, 8.0, 6.0),
    clerk.BoxView("AnTinLeader1", FieldRole.LEADER, "Chữ ký Nguyễn Văn An", 1, 130.0, 224.0, 45.0, 20.0),
    clerk.BoxView("AnTinSeal", FieldRole.SEAL, "Dấu cơ quan", 1, 109.0, 216.0, 36.0, 36.0),
    clerk.BoxView("AnTinInitial1", FieldRole.INITIAL, "Ký nháy", 2, 120.0, 200.0, 14.0, 8.0),
)
PREPARE = clerk.PrepareView(
    id=ID,
    digest=SHA,
    subject=SUBJECT,
    pages=(page_image(1), page_image(2)),
    sizes=((210.0, 297.0), (210.0, 297.0)),
    page_count=2,
    boxes=BOXES,
    problem="Có hai dòng «Số:» nên chưa rõ ô nào. Hãy chọn vị trí.",
)
TIMELINE = (
    v.TimelineEntry(NOW, "Lê Thị Cúc", "Đưa dự thảo vào hệ thống"),
    v.TimelineEntry(NOW + timedelta(minutes=2), "Lê Thị Cúc", "Trình ký"),
    v.TimelineEntry(NOW + timedelta(minutes=9), "Nguyễn Văn An", "Ký số"),
    v.TimelineEntry(
        NOW + timedelta(minutes=9),
        "Hệ thống",
        "Gắn dấu thời gian",
        "failed",
        "TSA không trả lời; thử lại lần 2.",
    ),
    v.TimelineEntry(NOW + timedelta(minutes=10), "Hệ thống", "Gắn dấu thời gian", "waiting"),
)
WORK = clerk.WorkView(
    id=ID,
    kind="Quyết định",
    subject=SUBJECT,
    number="",
    date=None,
    state=State.SIGNED,
    urgency=1,
    sender="Lê Thị Cúc",
    leaders=("Nguyễn Văn An",),
    pages=(page_image(),),
    page_count=5,
    timeline=TIMELINE,
    acts=frozenset(),
    waiting=True,
)
ALL_ACTS = frozenset(
    {
        "prepare",
        "number",
        "seal",
        "issue",
        "resubmit",
        "sign",
        "withdraw",
        "return",
        "resume",
        "recall",
        "void",
    }
)
DONE = replace(
    WORK,
    state=State.ISSUED,
    number="15/QĐ-UBND",
    date=date(2026, 11, 20),
    waiting=False,
    acts=ALL_ACTS,
    code=CODE,
    pdf_url="/x.pdf",
    receipt_url="/r.json",
    signatures=(SIGNED, SEALED),
    issued_at=NOW,
    recalled_at=NOW,
)
NUMBER = clerk.NumberView(
    id=ID,
    digest=SHA,
    kind="Quyết định",
    subject=SUBJECT,
    next_number="15/QĐ-UBND",
    own_number=False,
    date=date(2026, 11, 20),
    earliest=date(2026, 11, 19),
    latest=date(2026, 11, 20),
    leader="Nguyễn Văn An, Phó Chủ tịch",
    stamped_at=NOW,
    seal_holder="Ủy ban nhân dân tỉnh Sông Hồng (DEMO)",
    page=page_image(),
)
ROW = clerk.RegisterRow(
    number="15/QĐ-UBND",
    date=date(2026, 11, 20),
    kind_and_subject=f"Quyết định {SUBJECT[0].lower()}{SUBJECT[1:]}",
    signer="Nguyễn Văn An",
    recipients="Như Điều 4; Bộ Nội vụ",
    keeper="Văn thư",
    copies=1,
    sent_at=date(2026, 11, 20),
    received_by="",
    note="",
    id=ID,
)
REGISTER = clerk.RegisterView(
    agency="Ủy ban nhân dân tỉnh Sông Hồng",
    year=2026,
    years=(2026, 2025),
    kind="",
    kinds=UPLOAD.kinds,
    query="",
    rows=(ROW, replace(ROW, number="16/QĐ-UBND", voided=True, note="Sai thẩm quyền", sent_at=None, id="")),
)
FSCK = audited.FsckView(
    ran_at=NOW,
    seconds=3.42,
    running=False,
    checked=(("objects", 4026), ("catalogue", 1342), ("log", 1342), ("numbers", 1340), ("audit", 9120)),
    findings=(),
)
FSCK_BAD = replace(
    FSCK,
    errors=2,
    findings=(
        audited.FsckFinding(
            "fsck.object-digest", "objects/9f/2c41…/decision.pdf", "Nội dung tệp không khớp mã băm đã ghi."
        ),
        audited.FsckFinding("fsck.number-gap", "số 17 sổ QĐ 2026", "Thiếu dòng trong sổ cấp số."),
    ),
)
ENTRY = audited.TrailEntry(118, NOW, "Nguyễn Văn An", "Ký số", "Quyết định " + SUBJECT, "intent", SHA, ID)
ENTRIES = (
    ENTRY,
    replace(ENTRY, index=119, outcome="done"),
    replace(ENTRY, index=120, outcome="failed", id=""),
)
TRAIL = audited.TrailView(ENTRIES, "An", None, "117")
AUDIT = audited.AuditorView(1342, LOG, FSCK, ENTRIES)
PROBLEM = {
    "title": "Văn bản đang ở trạng thái «Dự thảo» nên không thể phát hành.",
    "status": 409,
    "id": "issuing.wrong-order",
    "basis": "NĐ 30/2020/NĐ-CP, Điều 14",
    "incident": "",
}

# name of the case: (template, path, viewer, context)
BATCH = leader.BatchView(
    "b",
    NOW,
    (
        leader.BatchLine("a", SUBJECT, "Quyết định", "done"),
        leader.BatchLine(
            "b", "Thành lập Tổ công tác liên ngành", "Quyết định", "failed", "Đã được người khác cập nhật."
        ),
        leader.BatchLine("c", "Ban hành Quy chế", "Quyết định", "waiting"),
    ),
    running=True,
)
DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg" width="744" height="1052"/>'
PICTURE = "data:image/svg+xml;base64," + b64encode(DRAWN).decode()
SEEN = replace(
    GOOD,
    seen=(
        verified.SeenState(
            "chữ ký lãnh đạo",
            (verified.SeenPage(1, PICTURE, PICTURE), verified.SeenPage(3, None, PICTURE)),
            4,
            9,
            9,
        ),
        verified.SeenState("dấu cơ quan", (), 0, 9, 9),
        verified.SeenState("chữ ký nháy", (), problem="Không dựng được hình của trang."),
    ),
)

PAGES = {
    "home": ("home.html", "/", None, {"limit": 1 << 30, "code": "", "profiles": CHOICES}),
    "lookup": (
        "lookup.html",
        "/lookup",
        None,
        {"code": "ABC", "problem": "Không có văn bản nào mang mã này."},
    ),
    "lookup empty": ("lookup.html", "/lookup", None, {"code": "", "problem": ""}),
    "verification good": ("verification.html", "/", None, {"report": GOOD}),
    "verification seen": ("verification.html", "/", None, {"report": SEEN}),
    "verification bad": ("verification.html", "/", None, {"report": BAD}),
    "verification unsure": ("verification.html", "/", None, {"report": UNSURE}),
    "verification unsigned": ("verification.html", "/", None, {"report": UNSIGNED}),
    "verification chosen": ("verification.html", "/", None, {"report": CHOSEN}),
    "policy": ("policy.html", "/policy", None, {"policy": POLICY}),
    "document": ("document.html", f"/v/{CODE}", None, {"document": DOCUMENT, "host": "antin.songhong.demo"}),
    "document recalled": (
        "document.html",
        f"/v/{CODE}",
        None,
        {
            "document": replace(DOCUMENT, recalled_at=NOW, recall_reason="Sai thẩm quyền", proof=None),
            "host": "h",
        },
    ),
    "document replaced": (
        "document.html",
        f"/v/{CODE}",
        CLERK,
        {"document": replace(DOCUMENT, replaced_by=CODE, page_count=9), "host": "h"},
    ),
    "document witnessed": (
        "document.html",
        f"/v/{CODE}",
        None,
        {"document": replace(DOCUMENT, proof=replace(PROOF, witnesses=WITNESSES)), "host": "h"},
    ),
    "log": ("log.html", "/log", None, {"log": LOG}),
    "log witnessed": (
        "log.html",
        "/log",
        None,
        {"log": replace(LOG, witnesses=WITNESSES, witnessed_size=1340, published_at=None)},
    ),
    "problem": ("problem.html", "/desk/inbox", CLERK, {"problem": PROBLEM}),
    "problem fault": (
        "problem.html",
        "/",
        None,
        {
            "problem": {
                **PROBLEM,
                "status": 500,
                "incident": "a1b2c3",
                "title": "Hệ thống gặp lỗi ngoài dự kiến.",
            }
        },
    ),
    "problem missing": ("problem.html", "/", None, {"problem": {**PROBLEM, "status": 404}}),
    "problem signed out": (
        "problem.html",
        "/",
        None,
        {"problem": {**PROBLEM, "status": 401, "id": "", "basis": ""}},
    ),
    "sign-in": (
        "sign-in.html",
        "/sign-in",
        None,
        {
            "next": "/desk",
            "name": "",
            "problem": "",
            "demo_accounts": [("lanhdao / demo", "Lãnh đạo"), ("vanthu / demo", "Văn thư")],
        },
    ),
    "sign-in wrong": (
        "sign-in.html",
        "/sign-in",
        None,
        {"next": "/desk", "name": "an", "problem": "Tên hoặc mật khẩu không đúng.", "demo_accounts": []},
    ),
    "inbox": (
        "inbox.html",
        "/desk/inbox",
        LEADER,
        {"items": ITEMS, "done": "Đã ký số 2 văn bản.", "batch": BATCH},
    ),
    "inbox one": ("inbox.html", "/desk/inbox", LEADER, {"items": (ITEM,), "done": "", "batch": None}),
    "inbox empty": ("inbox.html", "/desk/inbox", LEADER, {"items": (), "done": "", "batch": None}),
    "batch": ("batch.html", "/desk/batches/b", LEADER, {"batch": BATCH}),
    "batch done": (
        "batch.html",
        "/desk/batches/b",
        LEADER,
        {"batch": replace(BATCH, lines=BATCH.lines[:1], running=False)},
    ),
    "review": (
        "review.html",
        "/desk/documents/x/review",
        LEADER,
        {"review": REVIEW, "done": "Đã ký số.", "problem": ""},
    ),
    "review initial": (
        "review.html",
        "/desk/documents/x/review",
        LEADER,
        {
            "review": replace(REVIEW, initial=True, next_id=None, total=1, notes=()),
            "done": "",
            "problem": "Văn bản đã được người khác cập nhật.",
        },
    ),
    "review many": (
        "review-many.html",
        "/desk/review",
        LEADER,
        {
            "reviews": (
                REVIEW,
                replace(REVIEW, id="c", subject="Thành lập Tổ công tác liên ngành", notes=()),
            ),
            "alone": (ITEM,),
        },
    ),
    "clerk": (
        "clerk.html",
        "/desk/clerk",
        CLERK,
        {
            "tab": "number",
            "counts": COUNTS,
            "items": WORK_ITEMS,
            "upload": UPLOAD,
            "query": "",
            "older": "cursor",
            "done": "",
            "problem": "",
        },
    ),
    "clerk empty": (
        "clerk.html",
        "/desk/clerk",
        CLERK,
        {
            "tab": "timestamp",
            "counts": COUNTS,
            "items": (),
            "upload": replace(UPLOAD, initials=()),
            "query": "không có",
            "older": None,
            "done": "Đã rút lại.",
            "problem": "Tệp đã có chữ ký số.",
        },
    ),
    "prepare": ("prepare.html", "/desk/documents/x/prepare", CLERK, {"prepare": PREPARE}),
    "work": ("work.html", "/desk/documents/x", CLERK, {"work": WORK, "filed": None, "done": ""}),
    "work done": (
        "work.html",
        "/desk/documents/x",
        CLERK,
        {"work": DONE, "filed": None, "done": "Đã phát hành."},
    ),
    "number": ("number.html", "/desk/documents/x/number", CLERK, {"number": NUMBER, "problem": ""}),
    "number again": (
        "number.html",
        "/desk/documents/x/number",
        CLERK,
        {
            "number": replace(NUMBER, own_number=True, page=None, stamped_at=None),
            "problem": "Ngày chưa đúng.",
        },
    ),
    "register": ("register.html", "/desk/register", CLERK, {"register": REGISTER}),
    "register empty": ("register.html", "/desk/register", CLERK, {"register": replace(REGISTER, rows=())}),
    "auditor": ("auditor.html", "/desk/audit", AUDITOR, {"audit": AUDIT}),
    "auditor trouble": (
        "auditor.html",
        "/desk/audit",
        AUDITOR,
        {"audit": replace(AUDIT, fsck=FSCK_BAD, chain_holds=False, latest=())},
    ),
    "auditor first": (
        "auditor.html",
        "/desk/audit",
        AUDITOR,
        {"audit": replace(AUDIT, fsck=replace(FSCK, ran_at=None))},
    ),
    "trail": ("trail.html", "/desk/audit/trail", AUDITOR, {"trail": TRAIL}),
    "trail broken": (
        "trail.html",
        "/desk/audit/trail",
        AUDITOR,
        {"trail": replace(TRAIL, broken_at=119, older=None, query="")},
    ),
    "fsck": ("fsck.html", "/desk/audit/fsck", AUDITOR, {"fsck": FSCK}),
    "fsck trouble": ("fsck.html", "/desk/audit/fsck", AUDITOR, {"fsck": FSCK_BAD}),
    "fsck running": ("fsck.html", "/desk/audit/fsck", AUDITOR, {"fsck": replace(FSCK, running=True)}),
    "fsck never": ("fsck.html", "/desk/audit/fsck", AUDITOR, {"fsck": replace(FSCK, ran_at=None)}),
}

"""The sentences of the sample documents, as a provincial office would write them."""

from __future__ import annotations

from api.demo.agency import Agency

MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")

GROUNDS = (
    "Căn cứ Luật Tổ chức chính quyền địa phương số 72/2025/QH15;",
    "Căn cứ Luật Lưu trữ số 33/2024/QH15;",
    "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;",
    "Căn cứ Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ về thực hiện thủ tục hành chính "
    "theo cơ chế một cửa, một cửa liên thông tại Bộ phận Một cửa và Cổng Dịch vụ công quốc gia;",
    "Theo đề nghị của Giám đốc Sở Khoa học và Công nghệ tại Tờ trình số 212/TTr-SKHCN ngày 16 tháng 11 "
    "năm 2026.",
)


def articles(agency: Agency) -> tuple[str, ...]:
    """The articles of the decision; the last one ends the text."""
    return (
        f"Phê duyệt kèm theo Quyết định này Kế hoạch số hóa và lưu trữ điện tử hồ sơ giải quyết thủ tục hành "
        f"chính của tỉnh {agency.place} năm 2027.",
        "Kinh phí thực hiện Kế hoạch được bố trí từ nguồn ngân sách tỉnh theo phân cấp ngân sách hiện hành và các "
        "nguồn kinh phí hợp pháp khác.",
        "Sở Khoa học và Công nghệ chủ trì, phối hợp với Sở Nội vụ tổ chức thực hiện, kiểm tra, đôn đốc và "
        f"báo cáo kết quả về {agency.name} trước ngày 15 tháng 12 năm 2027.",
        "Quyết định này có hiệu lực kể từ ngày ký. Chánh Văn phòng Ủy ban nhân dân tỉnh, Giám đốc các sở, "
        "Chủ tịch Ủy ban nhân dân các xã, phường và các tổ chức, cá nhân có liên quan chịu trách nhiệm thi "
        "hành Quyết định này./.",
    )


RECIPIENTS = (
    "- Như Điều 4;",
    "- Bộ Nội vụ (để báo cáo);",
    "- Chủ tịch, các PCT UBND tỉnh;",
    "- Cổng Thông tin điện tử tỉnh;",
    "- Lưu: VT, KSTT.",
)

LETTER_ADDRESSEES = ("- Các sở, ban, ngành thuộc tỉnh;", "- Ủy ban nhân dân các xã, phường.")

LETTER_BODY = (
    "Thực hiện Kế hoạch số hóa và lưu trữ điện tử hồ sơ giải quyết thủ tục hành chính năm 2027, Ủy ban nhân "
    "dân tỉnh yêu cầu Thủ trưởng các sở, ban, ngành, Chủ tịch Ủy ban nhân dân các xã, phường thực hiện một số "
    "nội dung sau:",
    "1. Rà soát hồ sơ, kết quả giải quyết thủ tục hành chính còn hiệu lực đang lưu trữ tại cơ quan, đơn vị; "
    "lập danh mục tài liệu cần số hóa, gửi Sở Nội vụ trước ngày 31 tháng 01 năm 2027.",
    "2. Bố trí công chức văn thư, lưu trữ tham gia tập huấn sử dụng phần mềm ký số và lưu trữ văn bản điện tử.",
    "3. Giao Văn phòng Ủy ban nhân dân tỉnh theo dõi, tổng hợp kết quả thực hiện, báo cáo Ủy ban nhân dân tỉnh "
    "định kỳ hằng quý.",
    "Yêu cầu các cơ quan, đơn vị nghiêm túc triển khai thực hiện./.",
)

LETTER_RECIPIENTS = ("- Như trên;", "- Chủ tịch, các PCT UBND tỉnh;", "- Lưu: VT, KSTT.")

CLAUSES = (
    "Việc số hóa hồ sơ, giấy tờ được thực hiện ngay khi tiếp nhận, bảo đảm hình ảnh rõ nét, đầy đủ nội dung so "
    "với bản giấy và đúng tỷ lệ.",
    "Kết quả giải quyết thủ tục hành chính được ký số bởi người có thẩm quyền và cơ quan ban hành trước khi "
    "trả cho tổ chức, cá nhân.",
    "Dữ liệu số hóa được lưu trữ tập trung, sao lưu hằng ngày và kiểm tra tính toàn vẹn định kỳ theo quy định "
    "của pháp luật về lưu trữ.",
    "Cơ quan, đơn vị sử dụng lại thông tin, dữ liệu đã được số hóa; không yêu cầu tổ chức, cá nhân cung cấp lại "
    "giấy tờ đã có.",
    "Công chức văn thư kiểm tra thể thức, kỹ thuật trình bày, cấp số và thời gian ban hành sau khi văn bản được "
    "người có thẩm quyền ký số.",
    "Trường hợp phát hiện sai sót sau khi phát hành, cơ quan ban hành thực hiện đính chính, thay thế hoặc thu hồi "
    "văn bản theo quy định.",
    "Hồ sơ điện tử được giao nộp vào lưu trữ hiện hành đúng thời hạn, kèm theo dữ liệu đặc tả và biên bản giao "
    "nhận có ký số.",
)

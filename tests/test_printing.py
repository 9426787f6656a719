"""Documents on paper: what the PDF says can be read back to the cent in both languages, and the same document makes the same bytes."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pylopdf_fonts_zh_cn
import pypdfium2
import pytest
from PIL import Image

from dashboard import printing
from dashboard.printing import Box, Document, Drawing, Heading, Label, Line, NoFont, PageBreak, Paragraph, Part, Picture, Table

ROWS = (("张伟", "¥2,467.96", "M2"), ("合计", "−¥120.00", ""))


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "#0072B2").save(out, "PNG")
    return out.getvalue()


def drawn(*parts: Part, lang: str = "zh", **more: object) -> Document:
    return Document("十月奖金结算单", lang, parts, **more)  # type: ignore[arg-type]


def read(pdf: bytes) -> list[str]:
    """Each page's text as a browser would copy it, without spaces."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]


def test_words_and_amounts_are_read_back() -> None:
    table = Table(("姓名", "金额", "阶段"), ROWS, right=frozenset({1}), strong=frozenset({1}))
    fall = printing.waterfall([("基本提成", 2420.0, "¥2,420.00", True), ("投诉扣减", -200.0, "−¥200.00", False)], "瀑布图")
    document = drawn(
        Heading("明细"), table, fall, Picture(png(), "色块"), Paragraph("四舍五入一次。", small=True),
        subtitle="2026年10月", facts=(("方案", "银行 第 2 版"),), footer="数据截至 2026-10-31", mark="预估，未定稿",
    )  # fmt: skip
    pdf = printing.pdf_file(document)
    (text,) = read(pdf)
    for said in (
        "十月奖金结算单",
        "2026年10月",
        "银行第2版",
        "张伟",
        "¥2,467.96",
        "−¥120.00",
        "−¥200.00",
        "四舍五入一次。",
        "预估，未定稿",
        "数据截至2026-10-31",
    ):
        assert said in text
    assert "第1页，共1页" in text
    assert pdf.count(b"/FontFile3") == 1 and b"/FontFile2" not in pdf  # the one font there is carries its glyphs
    assert pdf.count(b"/Subtype /Type0") == 1


def test_the_same_document_makes_the_same_bytes() -> None:
    document = drawn(Paragraph("奖金"), printing.waterfall([("甲", 1.0, "1.00", True)], "图"), Picture(png(), "图"))
    assert printing.pdf_file(document) == printing.pdf_file(document)


def test_a_long_table_turns_pages_with_its_head_and_documents_count_their_own() -> None:
    rows = tuple((f"P{number}", f"{number}.00") for number in range(120))
    pages = read(printing.pdf_file(drawn(Table(("Payment", "Amount"), rows), lang="en"), drawn(Paragraph("next"), lang="en")))
    assert len(pages) == 5 and all("Payment" in page for page in pages[:4])
    assert [re.findall(r"Page(\dof\d)", page) for page in pages] == [["1of4"], ["2of4"], ["3of4"], ["4of4"], ["1of1"]]
    assert all(f"P{number}" in "".join(pages) for number in range(120))


def test_lines_keep_numbers_whole_and_never_start_with_a_full_stop() -> None:
    sheet = printing._Sheet("", "zh")
    text = "本月净回款折算后为 333,000.00 元，达成率为百分之一百一十一。其中合规门槛未触发；投诉扣减两百元。"
    for width in range(60, 300, 7):
        lines = sheet.lines(text, float(width), 9.5)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(sheet.width(line, 9.5) <= width + 0.01 for line in lines)
        assert not any(line[0] in "，。；" for line in lines)
        assert any("333,000.00" in line for line in lines) or width < 60


def test_what_the_font_lacks_is_said() -> None:
    (text,) = read(printing.pdf_file(drawn(Paragraph("₹5 \U00020bb7"))))
    assert "INR5" in text and "〓" in text and "〓表示本文档字体中没有的字符。" in text


def test_a_font_without_chinese_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTIONS_FONT", str(tmp_path / "none.ttf"))
    with pytest.raises(NoFont, match="no such file"):
        printing.pdf_file(drawn())
    (tmp_path / "text.ttf").write_text("no font")
    monkeypatch.setenv("COLLECTIONS_FONT", str(tmp_path / "text.ttf"))
    with pytest.raises(NoFont, match=r"text\.ttf"):
        printing.pdf_file(drawn())
    monkeypatch.setenv("COLLECTIONS_FONT", str(pylopdf_fonts_zh_cn.serif_path()))
    assert read(printing.pdf_file(drawn(Paragraph("宋体"))))[0].count("宋体") == 1


def test_html_escapes_everything() -> None:
    bad = '<script>alert(1)</script>&"'
    shapes = (Label(0, 0, bad), Box(0, 0, 1, 1), Line(((0, 0), (1, 1)), dashed=True))
    parts = (Heading(bad, 3), Paragraph(bad), Table((bad,), ((bad,),)), Drawing(10, 10, shapes, bad), Picture(png(), bad), PageBreak())
    text = printing.html_file(Document(bad, "en", parts, bad, ((bad, bad),), bad, bad))
    assert "<script" not in text and text.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;") == 14
    assert 'lang="en"' in text and "<svg" in text and "data:image/png;base64," in text

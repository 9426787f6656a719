"""Documents for paper: headings, paragraphs, tables, drawings and pictures as PDF or HTML, in both languages; knows nothing of pages or data.

The same document makes the same bytes. Chinese is set in Noto Sans SC (SIL Open Font License), which comes with the installation and of which
the glyphs used are embedded; COLLECTIONS_FONT names another TrueType or OpenType file.
"""

from __future__ import annotations

import base64
import html
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont, TTLibError
from fpdf import FPDF
from fpdf.enums import TextMode

from dashboard.formats import SYMBOLS
from dashboard.words import word

INK, GREY, RULE, SHADE, BRAND = "#17212B", "#5D6875", "#C9D0D7", "#F2F5F8", "#0072B2"
#: Written as the moment of making, so that the same document makes the same file.
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
#: In points: a page of A4, its margins, and the sizes of text.
PAGE, MARGIN, FOOT = (595.28, 841.89), 48.0, 40.0
BODY, SMALL, LEADING = 9.5, 7.5, 1.45
HEADINGS = {1: 17.0, 2: 12.5, 3: 10.5}
#: Stands where the font has no glyph for a character: never an empty box, never a guess.
LACKING = "〓"
CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
#: These never start a line, and those never end one.
CLOSING, OPENING = "，。、；：？！）】》」』”’…,.;:?!)%", "（【《「『“‘("
TOKEN = re.compile(rf"\s+|[{OPENING}]*(?:[\u2e80-\u9fff\uf900-\ufaff]|[^\s\u2e80-\u9fff\uf900-\ufaff{OPENING}]+|[{OPENING}])[{CLOSING}]*")

Anchor = Literal["start", "middle", "end"]


class NoFont(RuntimeError):
    """No font that can set Chinese: says which file was tried and what to do."""


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3 (the document's title is level 1)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; small for notes."""

    text: str
    small: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of text as they are to be read; `right` are the columns set to the right, `strong` the rows that are totals.

    `widths` are relative, measured from the texts where none are given.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    strong: frozenset[int] = frozenset()
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Box:
    """A filled rectangle of a drawing."""

    x: float
    y: float
    width: float
    height: float
    colour: str = BRAND


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: str = GREY
    width: float = 0.8
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """A text whose baseline starts, is centred or ends at a point."""

    x: float
    y: float
    text: str
    size: float = 8.0
    anchor: Anchor = "start"
    colour: str = INK


@dataclass(frozen=True)
class Drawing:
    """Shapes on a sheet of so many points, y downwards; drawn as lines, not as dots, on screen and on paper. `alt` says what it shows."""

    width: float
    height: float
    shapes: tuple[Box | Line | Label, ...]
    alt: str


@dataclass(frozen=True)
class Picture:
    """A PNG over a share of the page's width."""

    png: bytes
    alt: str
    share: float = 1.0


@dataclass(frozen=True)
class PageBreak:
    """What follows starts on a new page."""


Part = Heading | Paragraph | Table | Drawing | Picture | PageBreak


@dataclass(frozen=True)
class Document:
    """What is to be read: title, a line under it, what must be known (label and text), the parts; the footer stands on every page."""

    title: str
    lang: str
    parts: tuple[Part, ...]
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    footer: str = ""
    mark: str = ""  # said loudly under the title: an estimate, a draft


# --- PDF --------------------------------------------------------------------------------------------------------------


def pdf_file(*documents: Document) -> bytes:
    """The documents as one PDF, each from a new page on with its own page numbers; raises NoFont."""
    sheet = _Sheet(documents[0].title, documents[0].lang)
    for document in documents:
        sheet.write(document)
    return sheet.bytes()


def font_file() -> Path:
    """The font that texts are set in; raises NoFont where it isn't there or can't set Chinese."""
    named = os.environ.get("COLLECTIONS_FONT")
    path = Path(named) if named else Path(pylopdf_fonts_zh_cn.sans_path())
    if not path.is_file():
        raise NoFont(f"{path}: no such file; pip install -r requirements.txt brings Noto Sans SC, or set COLLECTIONS_FONT to a font with Chinese")
    if ord("中") not in _glyphs(path):
        raise NoFont(f"{path}: this font has no Chinese characters; set COLLECTIONS_FONT to one that has, or unset it")
    return path


@cache
def _glyphs(path: Path) -> frozenset[int]:
    """The characters a font file has."""
    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            return frozenset(font.getBestCmap())
    except (TTLibError, OSError) as error:
        raise NoFont(f"{path}: {error}") from error


class _Sheet:
    """A PDF being written from the top down."""

    def __init__(self, title: str, lang: str) -> None:
        path = font_file()
        self.known = _glyphs(path)
        self.pdf = FPDF(unit="pt", format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margins(MARGIN, MARGIN, MARGIN)
        self.pdf.set_creation_date(CREATED)
        self.pdf.set_title(title)
        self.pdf.set_lang("zh-CN" if lang == "zh" else "en-GB")
        self.pdf.set_producer("")
        self.pdf.add_font("body", fname=path)
        self.pdf.set_font("body", size=BODY)
        self.widths: dict[str, float] = {}
        self.wide = PAGE[0] - 2 * MARGIN
        self.number = 0
        self.document = Document("", lang, ())
        self.lacks = False
        self.pages: list[tuple[Document, int, int]] = []

    def bytes(self) -> bytes:
        """The file; page numbers are set last, when it is known how many pages each document has."""
        counts: dict[int, int] = {}
        for _, start, number in self.pages:
            counts[start] = max(counts.get(start, 0), number)
        for place, (document, start, number) in enumerate(self.pages, start=1):
            self.pdf.page = place
            self.pdf.set_font_size(1)  # the page before may have left another size or dash than this page knows of
            self.pdf.set_dash_pattern(1, 1)
            y, size = PAGE[1] - FOOT + 14, 7.0
            self._line(((MARGIN, y - 11), (PAGE[0] - MARGIN, y - 11)), RULE, 0.5)
            numbered = word("print.page", document.lang, number=number, count=counts[start])
            space = self.wide - self.width(numbered, size) - 16
            for row, text in enumerate(self.lines(document.footer, space, size)[:2]):
                self._text(MARGIN, y + row * size * 1.3, text, size, GREY)
            self._text(PAGE[0] - MARGIN, y, numbered, size, GREY, "end")
        self.pdf.page = len(self.pages)
        return bytes(self.pdf.output())

    def write(self, document: Document) -> None:
        self.document, self.number, self.start = document, 0, len(self.pages)
        self.turn()
        self.block(document.title, HEADINGS[1], INK, after=2, strong=True)
        if document.subtitle:
            self.block(document.subtitle, BODY + 1, GREY, after=4)
        if document.mark:
            self.block(document.mark, BODY + 1, "#B34700", after=4, strong=True)
        if document.facts:
            self.facts(document.facts)
        for part in document.parts:
            self.part(part)
        if self.lacks:
            self.block(word("print.lacking", document.lang, mark=LACKING), SMALL, GREY)
            self.lacks = False

    def part(self, part: Part) -> None:
        if isinstance(part, Heading):
            self.room(80)
            self.y += 9
            self.block(part.text, HEADINGS[part.level], INK, after=3, strong=True)
        elif isinstance(part, Paragraph):
            self.block(part.text, SMALL if part.small else BODY, GREY if part.small else INK, after=5)
        elif isinstance(part, Table):
            self.table(part)
        elif isinstance(part, Drawing):
            self.drawing(part)
        elif isinstance(part, Picture):
            self.picture(part)
        else:
            self.turn()

    def turn(self) -> None:
        """A new page."""
        self.pdf.add_page()
        self.number += 1
        self.pages.append((self.document, self.start, self.number))
        self.y = MARGIN

    def room(self, height: float) -> bool:
        """Turn the page where the rest of it is less than a height; whether it did."""
        if self.y + height <= PAGE[1] - FOOT - 10:
            return False
        self.turn()
        return True

    def block(self, text: str, size: float, colour: str, after: float = 4, strong: bool = False) -> None:
        for line in self.lines(text, self.wide, size):
            self.room(size * LEADING)
            self._text(MARGIN, self.y + size, line, size, colour, strong=strong)
            self.y += size * LEADING
        self.y += after

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """What must be known, in two columns of label and text."""
        label = min(150.0, max(self.width(self.read(name), SMALL + 1) for name, _ in facts) + 12)
        self.y += 3
        for name, text in facts:
            lines = self.lines(text, self.wide - label, SMALL + 1)
            self.room(len(lines) * (SMALL + 1) * 1.4)
            self._text(MARGIN, self.y + SMALL + 1, self.read(name), SMALL + 1, GREY)
            for line in lines:
                self._text(MARGIN + label, self.y + SMALL + 1, line, SMALL + 1, INK)
                self.y += (SMALL + 1) * 1.4
        self.y += 6

    def table(self, table: Table) -> None:
        size, pad = SMALL + 1, 4.0
        widths = self.columns(table, size, pad)
        cells = [[self.lines(text, width - 2 * pad, size) for text, width in zip(row, widths, strict=True)] for row in (table.head, *table.rows)]
        heights = [max(map(len, row), default=1) * size * 1.35 + 2 * pad - 1 for row in cells]

        def head() -> None:
            self._box(MARGIN, self.y, self.wide, heights[0], SHADE)
            self.row(cells[0], widths, heights[0], table.right, size, pad, GREY)

        self.room(heights[0] + (heights[1] if len(heights) > 1 else 0))
        head()
        for place, (row, height) in enumerate(zip(cells[1:], heights[1:], strict=True)):
            if self.room(height):
                head()
            strong = place in table.strong
            if strong:
                self._box(MARGIN, self.y, self.wide, height, SHADE)
            self.row(row, widths, height, table.right, size, pad, INK, strong)
        self.y += 9

    def row(
        self, cells: Sequence[Sequence[str]], widths: Sequence[float], height: float, right: frozenset[int], size: float, pad: float,
        colour: str, strong: bool = False,
    ) -> None:  # fmt: skip
        x = MARGIN
        for place, (lines, width) in enumerate(zip(cells, widths, strict=True)):
            for number, line in enumerate(lines):
                y = self.y + pad + size * 0.95 + number * size * 1.35
                if place in right:
                    self._text(x + width - pad, y, line, size, colour, "end", strong)
                else:
                    self._text(x + pad, y, line, size, colour, strong=strong)
            x += width
        self.y += height
        self._line(((MARGIN, self.y), (MARGIN + self.wide, self.y)), RULE, 0.4)

    def columns(self, table: Table, size: float, pad: float) -> list[float]:
        """How wide each column is: as given, else as its texts ask, the longest giving way first."""
        if table.widths:
            whole = sum(table.widths)
            return [self.wide * width / whole for width in table.widths]
        wanted = [max(self.width(self.read(row[place]), size) for row in (table.head, *table.rows)) + 2 * pad + 1 for place in range(len(table.head))]
        spare = self.wide - sum(wanted)
        if spare >= 0:
            return [width + spare / len(wanted) for width in wanted]
        limit = self.wide / len(wanted)
        for _ in range(len(wanted)):  # what is narrower than its share keeps its width; the rest is shared by the others
            kept = sum(width for width in wanted if width <= limit)
            others = sum(width > limit for width in wanted)
            limit = (self.wide - kept) / others if others else limit
        return [min(width, limit) for width in wanted]

    def drawing(self, drawing: Drawing) -> None:
        scale = self.wide / drawing.width
        self.room(drawing.height * scale + 8)
        top = self.y
        for shape in drawing.shapes:
            if isinstance(shape, Box):
                self._box(MARGIN + shape.x * scale, top + shape.y * scale, shape.width * scale, shape.height * scale, shape.colour)
            elif isinstance(shape, Line):
                points = tuple((MARGIN + x * scale, top + y * scale) for x, y in shape.points)
                self._line(points, shape.colour, shape.width, shape.dashed)
            else:
                x, y = MARGIN + shape.x * scale, top + shape.y * scale
                self._text(x, y, self.read(shape.text), shape.size * scale, shape.colour, shape.anchor)
        self.y = top + drawing.height * scale + 8

    def picture(self, picture: Picture) -> None:
        stream = io.BytesIO(picture.png)
        info = self.pdf.preload_image(stream)[2]
        width = self.wide * picture.share
        height = width * info.height / info.width
        most = PAGE[1] - FOOT - MARGIN - 10
        if height > most:
            width, height = width * most / height, most
        self.room(height + 8)
        self.pdf.image(stream, x=MARGIN, y=self.y, w=width, h=height, alt_text=picture.alt)
        self.y += height + 8

    # --- text -------------------------------------------------------------------------------------------------------------

    def read(self, text: str) -> str:
        """A text in characters that the font has."""
        if all(ord(character) in self.known for character in text):
            return text
        for code, sign in SYMBOLS.items():
            if ord(sign[0]) not in self.known:
                text = text.replace(sign, f"{code} ")
        out = []
        for character in text:
            if ord(character) in self.known or character in "\n\t ":
                out.append(character)
            elif character.isprintable():
                out.append(LACKING)
                self.lacks = True
        return "".join(out)

    def width(self, text: str, size: float) -> float:
        total = 0.0
        for character in text:
            if character not in self.widths:
                self.pdf.set_font_size(100)
                self.widths[character] = self.pdf.get_string_width(character) / 100
            total += self.widths[character]
        return total * size

    def lines(self, text: str, width: float, size: float) -> list[str]:
        """A text broken into lines of a width: between words, between Chinese characters, and within what is longer than a line."""
        made: list[str] = []
        for paragraph in self.read(text).split("\n"):
            line, used = "", 0.0
            for token in self.tokens(paragraph, width, size):
                space = self.width(token, size)
                if line and used + space > width and not token.isspace():
                    made.append(line.rstrip())
                    line, used = "", 0.0
                if line or not token.isspace():
                    line, used = line + token, used + space
            made.append(line.rstrip())
        return made

    def tokens(self, text: str, width: float, size: float) -> Iterator[str]:
        for token in TOKEN.findall(text):
            while self.width(token, size) > width and len(token) > 1:
                fit = next((n for n in range(len(token) - 1, 0, -1) if self.width(token[:n], size) <= width), 1)
                yield token[:fit]
                token = token[fit:]
            yield token

    def _text(self, x: float, y: float, text: str, size: float, colour: str, anchor: Anchor = "start", strong: bool = False) -> None:
        if not text:
            return
        if anchor != "start":
            x -= self.width(text, size) * (0.5 if anchor == "middle" else 1.0)
        self.pdf.set_font_size(size)
        self.pdf.set_text_color(*_rgb(colour))
        if strong:  # one weight of the font comes with us: a thin outline of its own colour makes it bolder
            self.pdf.set_draw_color(*_rgb(colour))
            self.pdf.set_line_width(size * 0.03)
            self.pdf.set_dash_pattern()
            self.pdf.text_mode = TextMode.FILL_STROKE
        self.pdf.text(x, y, text)
        if strong:
            self.pdf.text_mode = TextMode.FILL

    def _box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.pdf.set_fill_color(*_rgb(colour))
        self.pdf.rect(x, y, width, height, style="F")

    def _line(self, points: Sequence[tuple[float, float]], colour: str, width: float, dashed: bool = False) -> None:
        self.pdf.set_draw_color(*_rgb(colour))
        self.pdf.set_line_width(width)
        self.pdf.set_dash_pattern(*((3, 2) if dashed else (0, 0)))
        self.pdf.polyline(list(points))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# --- HTML -------------------------------------------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light; font: 15px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: #17212B }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.7rem; margin-bottom: .2rem } .grey, small { color: #5D6875 } .mark { color: #B34700; font-weight: 600 }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; font-variant-numeric: tabular-nums; font-size: .9rem }
th { text-align: left; background: #F2F5F8; color: #5D6875; font-weight: 500 } td, th { padding: .3rem .5rem; border-bottom: 1px solid #C9D0D7 }
.r { text-align: right } .strong td { font-weight: 600; background: #F2F5F8 } dl { display: grid; gap: 0 1rem;
  grid-template-columns: max-content 1fr }
dt { color: #5D6875 } dd { margin: 0 } svg, img { max-width: 100%; height: auto } footer { margin-top: 2rem; border-top: 1px solid #C9D0D7 }
@media print { body { margin: 0; max-width: none } .break { break-before: page } thead { display: table-header-group } tr { break-inside: avoid } }
"""


def html_file(document: Document) -> str:
    """The document as one page of HTML that needs nothing from anywhere; every text in it is escaped."""
    said = html.escape
    facts = "".join(f"<dt>{said(name)}</dt><dd>{said(text)}</dd>" for name, text in document.facts)
    body = [f"<h1>{said(document.title)}</h1>"]
    body += [f'<p class="grey">{said(document.subtitle)}</p>'] if document.subtitle else []
    body += [f'<p class="mark">{said(document.mark)}</p>'] if document.mark else []
    body += [f"<dl>{facts}</dl>"] if facts else []
    body += map(_html_part, document.parts)
    body += [f"<footer><small>{said(document.footer)}</small></footer>"] if document.footer else []
    language = "zh-CN" if document.lang == "zh" else "en"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{said(document.title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="{language}"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _html_part(part: Part) -> str:
    said = html.escape
    if isinstance(part, Heading):
        return f"<h{part.level}>{said(part.text)}</h{part.level}>"
    if isinstance(part, Paragraph):
        lines = _lines(part.text)
        return f"<p><small>{lines}</small></p>" if part.small else f"<p>{lines}</p>"
    if isinstance(part, Table):
        rows = "".join(
            f"<tr{' class=strong' if place in part.strong else ''}>{_html_cells('td', row, part.right)}</tr>" for place, row in enumerate(part.rows)
        )
        return f"<table><thead><tr>{_html_cells('th', part.head, part.right)}</tr></thead><tbody>{rows}</tbody></table>"
    if isinstance(part, Drawing):
        return svg(part)
    if isinstance(part, Picture):
        data = base64.b64encode(part.png).decode("ascii")
        return f'<img alt="{said(part.alt)}" style="width:{part.share:.0%}" src="data:image/png;base64,{data}">'
    return '<div class="break"></div>'


def _html_cells(tag: str, cells: Iterable[str], right: frozenset[int]) -> str:
    return "".join(f"<{tag}{' class=r' if place in right else ''}>{_lines(text)}</{tag}>" for place, text in enumerate(cells))


def _lines(text: str) -> str:
    return "<br>".join(map(html.escape, text.split("\n")))


def svg(drawing: Drawing) -> str:
    """A drawing as SVG, every text in it escaped."""
    made = [_svg_shape(shape) for shape in drawing.shapes]
    size = f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" width="{drawing.width * 1.5:g}"'
    font = 'font-family="system-ui, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"'
    alt = html.escape(drawing.alt)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img" aria-label="{alt}">{"".join(made)}</svg>'


def _svg_shape(shape: Box | Line | Label) -> str:
    if isinstance(shape, Box):
        return f'<rect x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:g}" height="{shape.height:g}" fill="{html.escape(shape.colour)}"/>'
    if isinstance(shape, Line):
        points = " ".join(f"{x:g},{y:g}" for x, y in shape.points)
        dash = ' stroke-dasharray="3 2"' if shape.dashed else ""
        return f'<polyline points="{points}" fill="none" stroke="{html.escape(shape.colour)}" stroke-width="{shape.width:g}"{dash}/>'
    where = f'x="{shape.x:g}" y="{shape.y:g}" font-size="{shape.size:g}" text-anchor="{shape.anchor}" fill="{html.escape(shape.colour)}"'
    return f"<text {where}>{html.escape(shape.text)}</text>"


# --- drawings ---------------------------------------------------------------------------------------------------------


def waterfall(steps: Sequence[tuple[str, float, str, bool]], alt: str, colours: Mapping[str, str] | None = None) -> Drawing:
    """Money step by step, lying: each step is name, signed size, the amount as read, and whether it is a total that stands from zero."""
    up, down, total = (colours or {}).get("up", BRAND), (colours or {}).get("down", "#D55E00"), (colours or {}).get("total", "#8A94A3")
    row, name, figure, wide = 17.0, 150.0, 62.0, 500.0
    spans, running = [], 0.0
    for _, size, _, stands in steps:
        start = 0.0 if stands else running
        running = size if stands else running + size
        spans.append((min(start, running), max(start, running)))
    low, high = min([0.0, *(a for a, _ in spans)]), max([0.0, *(b for _, b in spans)]) or 1.0
    scale = (wide - name - figure) / ((high - low) or 1.0)

    def x(value: float) -> float:
        return name + (value - low) * scale

    shapes: list[Box | Line | Label] = [Line(((x(0), 2), (x(0), row * len(steps) + 2)), RULE, 0.6)]
    for place, ((text, size, amount, stands), (left, right)) in enumerate(zip(steps, spans, strict=True)):
        top = place * row + 3
        colour = total if stands else up if size >= 0 else down
        shapes.append(Label(name - 6, top + 9, text, 7.5, "end"))
        shapes.append(Box(x(left), top, max((right - left) * scale, 0.7), row - 5, colour))
        shapes.append(Label(wide, top + 9, amount, 7.5, "end"))
    return Drawing(wide, row * len(steps) + 5, tuple(shapes), alt)

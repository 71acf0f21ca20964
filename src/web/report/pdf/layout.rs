//! Headings, tables and bars -> pages of A4. Coordinates are points, from the lower left corner.

use super::text::{Line, Typesetter, Weight};
use crate::report::document::{Cell, Column, Document, LEGEND, Row, Section, Table, runs};
use crate::report::figures::Verdict;
use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Name, Str};

/// A4.
pub(super) const PAGE: (f32, f32) = (595.276, 841.89);
const MARGIN: f32 = 48.0;
const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Above this the running head stands, below it the text.
const TOP: f32 = PAGE.1 - 66.0;
const BOTTOM: f32 = 62.0;
/// Of the tables.
const SIZE: f32 = 7.2;
const LEADING: f32 = 9.4;
const PADDING: f32 = 3.0;
const BAR: f32 = 9.0;

type Colour = (f32, f32, f32);
const TEXT: Colour = (0.10, 0.12, 0.14);
const DIM: Colour = (0.36, 0.39, 0.44);
const RULE: Colour = (0.80, 0.83, 0.86);
const BAND: Colour = (0.955, 0.963, 0.972);
const GOOD: Colour = (0.11, 0.42, 0.29);
const BAD: Colour = (0.64, 0.09, 0.10);
const FAINT: Colour = (0.62, 0.65, 0.69);

/// What is drawn: the pages, and where on the last one there is room.
struct Layout<'t, 'a> {
    setter: &'t mut Typesetter<'a>,
    pages: Vec<Content>,
    y: f32,
    head: String,
}

/// The pages of a document.
pub(super) fn pages(document: &Document, setter: &mut Typesetter<'_>) -> Vec<Content> {
    let head = format!("{}, {}", document.title, document.time);
    let mut layout = Layout { setter, pages: vec![Content::new()], y: PAGE.1 - MARGIN, head };
    layout.title(document);
    for section in &document.sections {
        layout.section(section);
    }
    layout.feet(document);
    layout.pages
}

/// The colour of a cell, and the part of the height that it takes, so that states differ without colour too.
fn sign(letter: char) -> (Colour, f32) {
    match letter {
        'o' => ((0.36, 0.66, 0.52), 1.0),
        'b' => ((0.88, 0.64, 0.16), 0.75),
        'k' => ((0.62, 0.07, 0.09), 1.0),
        'p' => ((0.44, 0.51, 0.70), 0.5),
        'u' => ((0.56, 0.59, 0.63), 0.33),
        _ => ((0.72, 0.75, 0.79), 0.09),
    }
}

fn float(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

impl Layout<'_, '_> {
    fn title(&mut self, document: &Document) {
        self.y -= 8.0;
        let over = format!("{}: availability report", document.board);
        self.paragraph(&over, 9.5, 13.0, Weight::Usual, DIM);
        self.y -= 5.0;
        self.paragraph(&document.title, 21.0, 25.0, Weight::Strong, TEXT);
        self.y -= 2.0;
        self.paragraph(&document.time, 11.0, 15.0, Weight::Usual, TEXT);
        self.paragraph(&format!("Made {}", document.made), 8.5, 12.0, Weight::Usual, DIM);
        self.y -= 7.0;
        let y = self.y;
        self.rule(y, 1.4, TEXT);
        if let Some(notice) = &document.notice {
            self.y -= 8.0;
            self.paragraph(notice, 9.0, 12.5, Weight::Strong, BAD);
        }
    }

    fn section(&mut self, section: &Section) {
        self.room(90.0);
        self.y -= 17.0;
        self.paragraph(section.head, 12.5, 16.0, Weight::Strong, TEXT);
        self.y -= 3.0;
        for sentence in &section.before {
            self.paragraph(sentence, 8.6, 12.0, Weight::Usual, TEXT);
            self.y -= 2.0;
        }
        if section.has_legend {
            self.legend();
        }
        if let Some(table) = &section.table {
            self.table(table);
        }
        for sentence in &section.after {
            self.y -= 3.0;
            self.paragraph(sentence, 7.8, 10.6, Weight::Usual, DIM);
        }
    }

    /// Goes to a new page where there is no room for so much.
    fn room(&mut self, height: f32) {
        if self.y - height < BOTTOM {
            self.pages.push(Content::new());
            self.y = TOP;
        }
    }

    fn paragraph(&mut self, text: &str, size: f32, leading: f32, weight: Weight, colour: Colour) {
        for line in self.setter.wrap(text, WIDTH / size, weight) {
            self.room(leading);
            self.y -= leading;
            let line = self.setter.line(&line, weight);
            let y = self.y + leading * 0.25;
            self.draw(&line, (MARGIN, y), size, colour);
        }
    }

    fn legend(&mut self) {
        self.room(14.0);
        self.y -= 13.0;
        let mut x = MARGIN;
        for (letter, words) in LEGEND {
            let line = self.setter.line(words, Weight::Usual);
            let y = self.y + 2.0;
            self.cells(&letter.to_string(), (x, y), 7.0, 8.0);
            self.draw(&line, (x + 10.0, y + 0.8), 7.6, DIM);
            x += 10.0 + line.width * 7.6 + 13.0;
        }
        self.y -= 3.0;
    }

    fn table(&mut self, table: &Table) {
        let all: f32 = table.columns.iter().map(|column| column.share).sum();
        let widths: Vec<f32> = table.columns.iter().map(|column| WIDTH * column.share / all).collect();
        let has_depth = table.has_depth();
        self.head(&table.columns, &widths);
        for (index, row) in table.rows.iter().enumerate() {
            let weight = if has_depth && row.depth == 0 { Weight::Strong } else { Weight::Usual };
            let cells = self.set(row, &widths, weight);
            let lines = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
            let height = (float(lines) * LEADING).max(BAR) + 2.0 * PADDING;
            if self.y - height < BOTTOM {
                self.room(PAGE.1);
                self.head(&table.columns, &widths);
            }
            if index % 2 == 1 {
                let y = self.y - height;
                self.fill((MARGIN, y), (WIDTH, height), BAND);
            }
            self.row(row, &cells, &table.columns, &widths, (height, weight));
            self.y -= height;
        }
        let y = self.y;
        self.rule(y, 0.5, RULE);
        self.y -= 3.0;
    }

    /// The lines of each cell of a row.
    fn set(&mut self, row: &Row, widths: &[f32], weight: Weight) -> Vec<Vec<String>> {
        let mut set = Vec::with_capacity(row.cells.len());
        for (index, (cell, width)) in row.cells.iter().zip(widths).enumerate() {
            let inner = (width - 2.0 * PADDING - indent(row, index)).max(SIZE);
            set.push(match cell {
                Cell::Bar(_) => Vec::new(),
                Cell::Text(text) => self.setter.wrap(text, inner / SIZE, weight),
                Cell::Verdict(verdict) => self.setter.wrap(verdict.word(), inner / SIZE, Weight::Strong),
            });
        }
        set
    }

    fn row(
        &mut self,
        row: &Row,
        cells: &[Vec<String>],
        columns: &[Column],
        widths: &[f32],
        (height, weight): (f32, Weight),
    ) {
        let mut x = MARGIN;
        for (index, ((cell, lines), (column, width))) in
            row.cells.iter().zip(cells).zip(columns.iter().zip(widths)).enumerate()
        {
            let (colour, weight) = match cell {
                // Nothing is not to hide what is something.
                Cell::Text(text) if column.is_figure && (text == "0s" || text == "0") => (FAINT, weight),
                Cell::Text(_) | Cell::Bar(_) => (TEXT, weight),
                Cell::Verdict(Verdict::Met | Verdict::MetSoFar) => (GOOD, Weight::Strong),
                Cell::Verdict(Verdict::Missed | Verdict::MissedSoFar) => (BAD, Weight::Strong),
                Cell::Verdict(Verdict::NoData) => (DIM, Weight::Strong),
            };
            for (number, text) in lines.iter().enumerate() {
                let line = self.setter.line(text, weight);
                let right = if column.is_figure {
                    width - 2.0 * PADDING - line.width * SIZE
                } else {
                    indent(row, index)
                };
                let y = self.y - PADDING - LEADING * (float(number) + 0.77);
                self.draw(&line, (x + PADDING + right, y), SIZE, colour);
            }
            if let Cell::Bar(letters) = cell {
                let y = self.y - height / 2.0 - BAR / 2.0;
                self.cells(letters, (x + PADDING, y), width - 2.0 * PADDING, BAR);
            }
            x += width;
        }
    }

    fn head(&mut self, columns: &[Column], widths: &[f32]) {
        let mut set = Vec::with_capacity(columns.len());
        for (column, width) in columns.iter().zip(widths) {
            set.push(self.setter.wrap(column.head, (width - 2.0 * PADDING) / SIZE, Weight::Strong));
        }
        let lines = set.iter().map(Vec::len).max().unwrap_or(1);
        let height = float(lines) * LEADING + 2.0 * PADDING;
        self.room(height + 30.0);
        let mut x = MARGIN;
        for ((column, width), texts) in columns.iter().zip(widths).zip(&set) {
            for (number, text) in texts.iter().rev().enumerate() {
                let line = self.setter.line(text, Weight::Strong);
                let right = if column.is_figure { width - 2.0 * PADDING - line.width * SIZE } else { 0.0 };
                let y = self.y - height + PADDING + LEADING * (float(number) + 0.23);
                self.draw(&line, (x + PADDING + right, y), SIZE, DIM);
            }
            x += width;
        }
        self.y -= height;
        let y = self.y;
        self.rule(y, 0.8, DIM);
    }

    /// A bar, a cell a letter.
    fn cells(&mut self, letters: &str, (x, y): (f32, f32), width: f32, height: f32) {
        let count = letters.chars().count().max(1);
        let wide = width / float(count);
        // Cells that are wide enough are parted by a thin line.
        let (gap, pieces) = if wide >= 3.5 {
            (0.4, letters.chars().enumerate().map(|(index, letter)| (index, 1, letter)).collect())
        } else {
            (0.0, runs(letters))
        };
        for (first, many, letter) in pieces {
            if letter != ' ' {
                let (colour, part) = sign(letter);
                self.fill((x + wide * float(first), y), (wide * float(many) - gap, height * part), colour);
            }
        }
    }

    fn fill(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), (r, g, b): Colour) {
        if let Some(page) = self.pages.last_mut() {
            page.set_fill_rgb(r, g, b).rect(x, y, width, height).fill_nonzero();
        }
    }

    fn rule(&mut self, y: f32, thickness: f32, colour: Colour) {
        self.fill((MARGIN, y), (WIDTH, thickness), colour);
    }

    fn draw(&mut self, line: &Line, at: (f32, f32), size: f32, colour: Colour) {
        if let Some(page) = self.pages.last_mut() {
            show(page, line, at, size, colour);
        }
    }

    /// The running head of all pages but the first, and the foot with the page's number.
    fn feet(&mut self, document: &Document) {
        let size = 7.6;
        let all = self.pages.len();
        let foot = format!("{}: availability report, made {}", document.board, document.made);
        let head = self.short(&self.head.clone(), WIDTH / size);
        let mut pages = std::mem::take(&mut self.pages);
        for (index, page) in pages.iter_mut().enumerate() {
            let number = self.setter.line(&format!("Page {} of {all}", index + 1), Weight::Usual);
            let foot = self.short(&foot, WIDTH / size - number.width - 3.0);
            page.set_fill_rgb(RULE.0, RULE.1, RULE.2).rect(MARGIN, 46.0, WIDTH, 0.5).fill_nonzero();
            show(page, &foot, (MARGIN, 34.0), size, DIM);
            show(page, &number, (MARGIN + WIDTH - number.width * size, 34.0), size, DIM);
            if index > 0 {
                show(page, &head, (MARGIN, PAGE.1 - 46.0), size, DIM);
                page.set_fill_rgb(RULE.0, RULE.1, RULE.2)
                    .rect(MARGIN, PAGE.1 - 53.0, WIDTH, 0.5)
                    .fill_nonzero();
            }
        }
        self.pages = pages;
    }

    /// As much of a text as fits one line.
    fn short(&mut self, text: &str, width: f32) -> Line {
        let lines = self.setter.wrap(text, width, Weight::Usual);
        let first = lines.first().map(String::as_str).unwrap_or_default();
        self.setter.line(first, Weight::Usual)
    }
}

/// How far the first column of a part stands in.
fn indent(row: &Row, column: usize) -> f32 {
    if column == 0 { 8.0 * float(row.depth) } else { 0.0 }
}

/// Draws a line of text.
fn show(page: &mut Content, line: &Line, (x, y): (f32, f32), size: f32, (r, g, b): Colour) {
    page.set_fill_rgb(r, g, b).begin_text().set_text_rendering_mode(TextRenderingMode::Fill);
    let mut x = x;
    for run in &line.runs {
        page.set_font(Name(font_name(run.font).as_bytes()), size);
        page.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
        let mut glyphs = run.glyphs.as_slice();
        while let Some(first) = glyphs.first() {
            let rise = first.offset.1;
            let count = glyphs.iter().take_while(|glyph| glyph.offset.1 == rise).count();
            let (same, behind) = glyphs.split_at(count);
            page.set_rise(rise * size);
            let mut shown = page.show_positioned();
            let mut items = shown.items();
            let mut octets = Vec::new();
            for glyph in same {
                if glyph.offset.0 != 0.0 {
                    flush(&mut items, &mut octets);
                    items.adjust(-1000.0 * glyph.offset.0);
                }
                octets.extend(glyph.id.to_be_bytes());
                // The next one stands where this one's place ends, not where it was drawn.
                let more = glyph.advance - glyph.natural - glyph.offset.0;
                if more.abs() > 0.0005 {
                    flush(&mut items, &mut octets);
                    items.adjust(-1000.0 * more);
                }
            }
            flush(&mut items, &mut octets);
            glyphs = behind;
        }
        x += size * run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>();
    }
    page.set_rise(0.0).end_text();
}

fn flush(items: &mut pdf_writer::writers::PositionedItems<'_>, octets: &mut Vec<u8>) {
    if !octets.is_empty() {
        items.show(Str(octets));
        octets.clear();
    }
}

/// What the pages call a font.
pub(super) fn font_name(font: usize) -> String {
    format!("F{font}")
}

//! Letters -> glyphs in the order in which they are seen: directions by Unicode's algorithm, joined letters by the font's
//! rules; and lines that fit a width.

use super::fonts::{Library, STRONG, TEXT};
use rustybuzz::{BufferClusterLevel, Direction, Script, ShapePlan, UnicodeBuffer};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use subsetter::GlyphRemapper;
use unicode_bidi::BidiInfo;

/// How a text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    Usual,
    Strong,
}

/// A glyph of a line. Lengths are parts of the font's size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    /// Its number in the font that goes into the file.
    pub(super) id: u16,
    /// How far the next one is.
    pub(super) advance: f32,
    /// How far the font says it is.
    pub(super) natural: f32,
    /// How far from its place it is drawn.
    pub(super) offset: (f32, f32),
}

/// Glyphs of one font, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) font: usize,
    pub(super) glyphs: Vec<Glyph>,
}

/// A line.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// In parts of the font's size.
    pub(super) width: f32,
}

/// A font as it is used.
pub(super) struct Used<'a> {
    pub(super) face: rustybuzz::Face<'a>,
    pub(super) glyphs: GlyphRemapper,
    /// What each glyph means, by its number in the file.
    pub(super) meanings: BTreeMap<u16, String>,
    /// How wide each is.
    pub(super) widths: BTreeMap<u16, f32>,
    /// The rules that it has for a direction and a script.
    plans: HashMap<(Direction, Option<Script>), ShapePlan>,
}

/// Sets text in the fonts of a library, and remembers which glyphs that takes.
pub(super) struct Typesetter<'a> {
    pub(super) library: &'a Library,
    pub(super) fonts: Vec<Used<'a>>,
    words: HashMap<(Weight, String), f32>,
    buffer: RefCell<Option<UnicodeBuffer>>,
}

/// How many words' widths are kept: a report has few different ones.
const WORDS: usize = 20_000;

impl<'a> Typesetter<'a> {
    /// With the fonts of `library`.
    pub(super) fn new(library: &'a Library) -> Result<Typesetter<'a>, String> {
        let mut fonts = Vec::new();
        for file in &library.files {
            let face = rustybuzz::Face::from_slice(&file.octets, 0).ok_or("a font can't be read")?;
            fonts.push(Used {
                face,
                glyphs: GlyphRemapper::new(),
                meanings: BTreeMap::new(),
                widths: BTreeMap::new(),
                plans: HashMap::new(),
            });
        }
        Ok(Typesetter { library, fonts, words: HashMap::new(), buffer: RefCell::new(None) })
    }

    /// A text in one line.
    pub(super) fn line(&mut self, text: &str, weight: Weight) -> Line {
        let text = self.library.shown(text);
        let mut line = Line::default();
        if text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ') {
            self.runs(&text, 0..text.len(), false, weight, &mut line);
            return line;
        }
        let bidi = BidiInfo::new(&text, None);
        for paragraph in &bidi.paragraphs {
            let (levels, ranges) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for range in ranges {
                let is_rtl = levels.get(range.start).is_some_and(unicode_bidi::Level::is_rtl);
                self.runs(&text, range, is_rtl, weight, &mut line);
            }
        }
        line
    }

    /// How wide a text is in one line, in parts of the font's size.
    pub(super) fn width(&mut self, text: &str, weight: Weight) -> f32 {
        let key = (weight, text.to_owned());
        if let Some(width) = self.words.get(&key) {
            return *width;
        }
        let width = self.line(text, weight).width;
        if self.words.len() < WORDS {
            self.words.insert(key, width);
        }
        width
    }

    /// Breaks a text into lines of at most `width` parts of the font's size: between words, and where one is too long for
    /// a line, within it, behind a sign if there is one.
    pub(super) fn wrap(&mut self, text: &str, width: f32, weight: Weight) -> Vec<String> {
        let blank = self.width(" ", weight);
        let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0.0);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            for (index, piece) in self.pieces(word, width, weight).into_iter().enumerate() {
                let wide = self.width(&piece, weight);
                let is_first = line.is_empty();
                // Only the first piece of a word has a blank before it.
                let gap = if is_first || index > 0 { 0.0 } else { blank };
                if !is_first && length + gap + wide > width {
                    lines.push(std::mem::take(&mut line));
                    length = 0.0;
                } else if gap > 0.0 {
                    line.push(' ');
                    length += gap;
                }
                line.push_str(&piece);
                length += wide;
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// A word in pieces that fit a line.
    fn pieces(&mut self, word: &str, width: f32, weight: Weight) -> Vec<String> {
        if self.width(word, weight) <= width {
            return vec![word.to_owned()];
        }
        let (mut pieces, mut rest) = (Vec::new(), word);
        while !rest.is_empty() {
            let (mut fits, mut at_sign, mut length) = (0, 0, 0.0);
            for (start, letter) in rest.char_indices() {
                length += self.width(letter.encode_utf8(&mut [0; 4]), weight);
                if length > width && fits > 0 {
                    break;
                }
                fits = start + letter.len_utf8();
                if "/-_.:,;%=&?".contains(letter) {
                    at_sign = fits;
                }
            }
            let end = if fits < rest.len() && at_sign > 0 { at_sign } else { fits };
            let (piece, behind) = rest.split_at(end);
            pieces.push(piece.to_owned());
            rest = behind;
        }
        pieces
    }

    /// Sets a part of a text that goes in one direction.
    fn runs(&mut self, text: &str, range: Range<usize>, is_rtl: bool, weight: Weight, line: &mut Line) {
        let part = text.get(range).unwrap_or_default();
        let mut stretches: Vec<(usize, &str)> = Vec::new();
        let mut begin = 0;
        let mut current = None;
        for (at, letter) in part.char_indices() {
            // What joins or parts letters goes with those before it, where their font has it.
            let font = match (current, self.library.of(letter)) {
                (Some(current), Some(TEXT)) if letter == ' ' && current != TEXT && is_rtl => current,
                (_, font) => font.unwrap_or(TEXT),
            };
            if let Some(before) = current.filter(|before| *before != font) {
                stretches.push((before, part.get(begin..at).unwrap_or_default()));
                begin = at;
            }
            current = Some(font);
        }
        if let Some(font) = current {
            stretches.push((font, part.get(begin..).unwrap_or_default()));
        }
        if is_rtl {
            stretches.reverse();
        }
        for (font, stretch) in stretches {
            let font = if font == TEXT && weight == Weight::Strong { STRONG } else { font };
            let run = self.shape(font, stretch, is_rtl);
            line.width += run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>();
            line.runs.push(run);
        }
    }

    fn shape(&mut self, font: usize, text: &str, is_rtl: bool) -> Run {
        let Some(used) = self.fonts.get_mut(font) else { return Run { font, glyphs: Vec::new() } };
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.set_cluster_level(BufferClusterLevel::MonotoneCharacters);
        buffer.guess_segment_properties();
        buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        // Working the font's rules out costs more than following them.
        let script = Some(buffer.script()).filter(|script| *script != rustybuzz::script::UNKNOWN);
        let plan =
            used.plans.entry((buffer.direction(), script)).or_insert_with_key(|(direction, script)| {
                ShapePlan::new(&used.face, *direction, *script, None, &[])
            });
        let shaped = rustybuzz::shape_with_plan(&used.face, plan, buffer);
        let units = used.face.units_per_em().max(1);
        let infos = shaped.glyph_infos();
        let mut glyphs = Vec::with_capacity(infos.len());
        for (info, position) in infos.iter().zip(shaped.glyph_positions()) {
            let old = u16::try_from(info.glyph_id).unwrap_or(0);
            let id = used.glyphs.remap(old);
            let hor = used.face.glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(old)).unwrap_or(0);
            let natural = em(i32::from(hor), units);
            used.widths.insert(id, natural);
            used.meanings.entry(id).or_insert_with(|| meaning(text, info.cluster, infos));
            glyphs.push(Glyph {
                id,
                advance: em(position.x_advance, units),
                natural,
                offset: (em(position.x_offset, units), em(position.y_offset, units)),
            });
        }
        self.buffer.replace(Some(shaped.clear()));
        Run { font, glyphs }
    }
}

/// The letters that a glyph stands for: from those of its own cluster until the next one's.
fn meaning(text: &str, cluster: u32, all: &[rustybuzz::GlyphInfo]) -> String {
    let next = all.iter().map(|info| info.cluster).filter(|other| *other > cluster).min();
    let start = usize::try_from(cluster).unwrap_or(0);
    let end = next.and_then(|next| usize::try_from(next).ok()).unwrap_or(text.len());
    text.get(start..end).unwrap_or_default().to_owned()
}

/// Units of a font as a part of its size.
pub(super) fn em(value: i32, units: i32) -> f32 {
    let float = |number: i32| {
        f32::from(i16::try_from(number).unwrap_or(if number < 0 { i16::MIN } else { i16::MAX }))
    };
    float(value) / float(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn library(text: &str) -> Library {
        let letters: BTreeSet<char> = text.chars().chain(" ".chars()).collect();
        Library::for_letters(&letters, &[])
    }

    #[test]
    fn lines_fit_their_width_and_lose_nothing() {
        let text = "node:shop web/page/a-very-long-name-that-no-line-can-hold.example.org 192.0.2.1 ok";
        let library = library(text);
        let mut setter = Typesetter::new(&library).unwrap();
        for width in [0.1, 3.0, 8.0, 20.0, 100.0] {
            let lines = setter.wrap(text, width, Weight::Usual);
            let wide = lines.iter().map(|line| setter.line(line, Weight::Usual).width);
            let letters: String = lines.concat().split(' ').collect();
            assert_eq!(letters, text.split(' ').collect::<String>());
            if width > 1.0 {
                assert!(wide.fold(0.0, f32::max) <= width + 0.01, "{width}: {lines:?}");
            }
        }
        assert_eq!(setter.wrap(text, 100.0, Weight::Usual), [text]);
        assert_eq!(setter.wrap("", 3.0, Weight::Usual), [""]);
    }

    #[test]
    fn glyphs_know_what_they_mean() {
        let library = library("Größe");
        let mut setter = Typesetter::new(&library).unwrap();
        let line = setter.line("Größe", Weight::Strong);
        let used = &setter.fonts[STRONG];
        let read: String =
            line.runs[0].glyphs.iter().map(|glyph| used.meanings[&glyph.id].as_str()).collect();
        assert_eq!(read, "Größe");
        assert!(line.width > 2.0 && line.width < 4.0, "{}", line.width);
    }
}

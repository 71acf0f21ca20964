//! Pages and the glyphs that they use -> the objects of a PDF file.

use super::layout::{PAGE, font_name};
use super::text::{Typesetter, Used, em};
use crate::report::document::Document;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use oco_fleet::time::Millis;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use rustybuzz::ttf_parser::{Tag, name_id};
use std::io::Write as _;

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Numbers of the objects, which only count up.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// The file.
pub(super) fn file(
    document: &Document,
    made: Millis,
    pages: Vec<Content>,
    setter: &Typesetter<'_>,
) -> Result<Vec<u8>, String> {
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let mut numbers = Numbers(0);
    let (catalog, tree, info) = (numbers.next(), numbers.next(), numbers.next());
    let mut fonts = Vec::new();
    for (index, used) in setter.fonts.iter().enumerate() {
        if used.widths.is_empty() {
            continue;
        }
        let octets = setter.library.files.get(index).map(|file| file.octets.as_ref()).unwrap_or_default();
        fonts.push((font_name(index), font(&mut pdf, &mut numbers, index, used, octets)?));
    }
    let mut kids = Vec::new();
    for page in pages {
        let (id, content) = (numbers.next(), numbers.next());
        let octets = deflate(page.finish().as_slice())?;
        pdf.stream(content, &octets).filter(Filter::FlateDecode);
        let mut page = pdf.page(id);
        page.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content);
        let mut resources = page.resources();
        let mut all = resources.fonts();
        for (name, font) in &fonts {
            all.pair(Name(name.as_bytes()), font);
        }
        all.finish();
        resources.finish();
        page.finish();
        kids.push(id);
    }
    let count = i32::try_from(kids.len()).map_err(|_| "too many pages")?;
    pdf.pages(tree).kids(kids).count(count);
    let title = format!("{}: {}", document.title, document.time);
    let mut about = pdf.document_info(info);
    about.title(TextStr(&title)).author(TextStr(&document.board)).creator(TextStr("ocoboard"));
    if let Some(date) = date(made) {
        about.creation_date(date);
    }
    about.finish();
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr("en"));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    Ok(pdf.finish())
}

/// Puts a font into the file, cut down to what is used of it.
fn font(
    pdf: &mut Pdf,
    numbers: &mut Numbers,
    index: usize,
    used: &Used<'_>,
    octets: &[u8],
) -> Result<Ref, String> {
    let cut = subsetter::subset(octets, 0, &used.glyphs).map_err(|error| format!("font: {error}"))?;
    let raw = rustybuzz::ttf_parser::RawFace::parse(&cut, 0).map_err(|error| format!("font: {error}"))?;
    // Of outlines by curves a PDF takes their table alone.
    let curves = raw.table(Tag::from_bytes(b"CFF "));
    let name = name_of(index, used);
    let (id, descendant, descriptor, meanings, data) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next());
    let name = Name(name.as_bytes());
    pdf.type0_font(id)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(descendant)
        .to_unicode(meanings);
    let mut cid = pdf.cid_font(descendant);
    cid.subtype(if curves.is_some() { CidFontType::Type0 } else { CidFontType::Type2 });
    cid.base_font(name).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
    if curves.is_none() {
        cid.cid_to_gid_map_predefined(Name(b"Identity"));
    }
    let mut widths = cid.widths();
    for (glyph, width) in &used.widths {
        widths.consecutive(*glyph, [width * 1000.0]);
    }
    widths.finish();
    cid.finish();
    let face = &used.face;
    let units = face.units_per_em().max(1);
    let thousandths = |value: i16| 1000.0 * em(value.into(), units);
    let bounds = face.global_bounding_box();
    let mut about = pdf.font_descriptor(descriptor);
    about
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(
            thousandths(bounds.x_min),
            thousandths(bounds.y_min),
            thousandths(bounds.x_max),
            thousandths(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(thousandths(face.ascender()))
        .descent(thousandths(face.descender()))
        .cap_height(thousandths(face.capital_height().unwrap_or_else(|| face.ascender())))
        .stem_v(if face.is_bold() { 140.0 } else { 80.0 });
    if curves.is_some() {
        about.font_file3(data)
    } else {
        about.font_file2(data)
    };
    about.finish();
    let packed = deflate(curves.unwrap_or(&cut))?;
    let mut stream = pdf.stream(data, &packed);
    stream.filter(Filter::FlateDecode);
    if curves.is_some() {
        stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
    }
    stream.finish();
    let mut map = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    for (glyph, meaning) in used.meanings.iter().filter(|(_, meaning)| !meaning.is_empty()) {
        map.pair_with_multiple(*glyph, meaning.chars());
    }
    let packed = deflate(map.finish().as_slice())?;
    pdf.cmap(meanings, &packed).filter(Filter::FlateDecode);
    Ok(id)
}

/// The name of a font that was cut down: six letters of its own before it.
fn name_of(index: usize, used: &Used<'_>) -> String {
    let names = used.face.names();
    let found = names.into_iter().filter(|name| name.name_id == name_id::POST_SCRIPT_NAME);
    let name = found.filter_map(|name| name.to_string()).next().unwrap_or_default();
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    let letters =
        [index / 26 % 26, index % 26].map(|one| u8::try_from(one).map_or('A', |one| char::from(b'A' + one)));
    format!("OCOB{}{}+{plain}", letters[0], letters[1])
}

fn deflate(octets: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(octets).and_then(|()| encoder.finish());
    packed.map_err(|error| error.to_string())
}

fn date(at: Millis) -> Option<Date> {
    let at = Timestamp::from_millisecond(at.0).ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let number = |value: i8| u8::try_from(value).ok();
    Some(
        Date::new(u16::try_from(at.year()).ok()?)
            .month(number(at.month())?)
            .day(number(at.day())?)
            .hour(number(at.hour())?)
            .minute(number(at.minute())?)
            .second(number(at.second())?)
            .utc_offset_hour(0)
            .utc_offset_minute(0),
    )
}

//! What the page shows of the face fields: the texts and the QR symbol in their marked content
//! (`/Field <</K (key)>> BDC … EMC`, written by the painter).
//!
//! A page may hold other marked content and operators; those are passed over. What stands inside a
//! field must be readable and be painted, or the whole page is refused: text that a person sees and we
//! cannot read is worse than none, and so is text that we read and nobody sees.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use super::{
    super::paint::{FIELD_KEY, FIELD_TAG},
    OpenError, display,
    object::{Dict, Object},
    parse::{Operand, Parser},
    reader::{Loaded, Reader},
    text::{ToUnicode, text_string},
};
use crate::limits::{MAX_FIELD_CHARS, MAX_PAGE_FIELDS, MAX_PDF_DEPTH};

/// Key of the field that holds the QR symbol.
const QR: &str = "qr";

/// Most modules a side of a QR symbol: version 40 (ISO/IEC 18004).
const MAX_MODULES: i64 = 177;

/// Most operands kept for one operator: a `TJ` array counts as one.
const MAX_OPERANDS: usize = 64;

/// Most text read of one showing: a value of the greatest length in four-byte characters, with as much
/// again for what is printed longer than it is entered.
const MAX_FIELD_BYTES: usize = 8 * MAX_FIELD_CHARS;

/// A symbol as it is printed: one entry a module, row by row, true where dark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    /// Modules a side, without the quiet zone.
    pub width: u32,
    /// `width * width` entries.
    pub dark: Arc<[bool]>,
}

/// One marked-content sequence of a field: a value as it is printed in one place, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// Key of the field.
    pub key: String,
    /// Its text; empty for a picture.
    pub text: String,
}

/// The fields of the first page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFields {
    /// Pages of the document: a certificate has one.
    pub pages: usize,
    /// Every showing in the order of the page. A value printed twice has two; a date printed part by
    /// part has one for each part.
    pub showings: Vec<Showing>,
    /// The QR symbol.
    pub qr: Option<Modules>,
    /// Whether the marks are as our painter leaves them: each begins and ends, none lies in another.
    pub intact: bool,
    /// What lets viewers show different pages; none if nothing known does.
    pub unsteady: Option<&'static str>,
}

impl PageFields {
    /// Text of each field, its showings joined in the order of the page.
    pub fn field_texts(&self) -> BTreeMap<String, String> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for showing in self.showings.iter().filter(|showing| !showing.text.is_empty()) {
            texts
                .entry(showing.key.clone())
                .or_default()
                .push_str(&showing.text);
        }
        texts
    }
}

/// Reads the first page.
pub(super) fn read(reader: &Reader<'_>, catalog: &Dict) -> Result<PageFields, OpenError> {
    let pages = reader.get(catalog, "Pages")?;
    let mut found: Option<Page> = None;
    let mut count = 0;
    let root = catalog.get("Pages").cloned().unwrap_or(Object::Null);
    if pages.object.dict().is_none() {
        return Err(OpenError::Object {
            object: pages.number,
            what: "no tree of pages",
        });
    }
    reader.walk(&[root], Inherited::default(), |node, inherited| {
        let Some(dict) = node.object.dict() else {
            return Err(OpenError::Object {
                object: node.number,
                what: "a page that is no dictionary",
            });
        };
        let here = inherited.extended(dict);
        let kids = reader.get(dict, "Kids")?.object;
        if let Object::Array(kids) = kids {
            return Ok((kids, here));
        }
        count += 1;
        if found.is_none() {
            found = Some(Page {
                dict: dict.clone(),
                inherited: here,
            });
        }
        Ok((Vec::new(), Inherited::default()))
    })?;
    let Some(page) = found else {
        return Err(OpenError::Object {
            object: pages.number,
            what: "a document without pages",
        });
    };
    let content = content(reader, &page.dict)?;
    let whole = page.inherited.as_dict();
    let resources = reader.get(&whole, "Resources")?.object;
    let empty = Dict::default();
    let resources = resources.dict().unwrap_or(&empty);
    let unsteady = display::unsteady(reader, catalog, &page.dict, &whole, resources)?;
    let (fonts, pictures) = (
        reader.get(resources, "Font")?.object,
        reader.get(resources, "XObject")?.object,
    );
    let mut visitor = Visitor {
        reader,
        fonts: named(&fonts),
        pictures: named(&pictures),
        maps: HashMap::new(),
        font: None,
        unseen: false,
        saved: Vec::new(),
        fields: PageFields {
            pages: count,
            intact: true,
            unsteady,
            ..PageFields::default()
        },
        marks: Vec::new(),
    };
    visitor.run(&content)?;
    Ok(visitor.fields)
}

/// What keeps viewers from showing the pages: a tree that cannot be walked, or leads to what is no page.
pub(super) fn unreadable(reader: &Reader<'_>, catalog: &Dict) -> Option<OpenError> {
    let root: Vec<Object> = catalog.get("Pages").cloned().into_iter().collect();
    let mut pages = 0;
    let walked = reader.walk(&root, (), |node, ()| {
        let Some(dict) = node.object.dict() else {
            return Err(OpenError::Object {
                object: node.number,
                what: "a page that is no dictionary",
            });
        };
        let kids = reader.get(dict, "Kids")?.object;
        if let Object::Array(kids) = kids {
            return Ok((kids, ()));
        }
        pages += 1;
        Ok((Vec::new(), ()))
    });
    let none = || OpenError::Object {
        object: 0,
        what: "a document without pages",
    };
    walked.err().or_else(|| (pages == 0).then(none))
}

/// What a page has from the nodes above it (7.7.3.4): shared, as a tree has one of them and many pages.
#[derive(Clone, Default)]
struct Inherited([Option<Rc<Object>>; 4]);

impl Inherited {
    const KEYS: [&str; 4] = ["Resources", "MediaBox", "CropBox", "Rotate"];

    fn extended(&self, dict: &Dict) -> Inherited {
        let mut here = self.clone();
        for (key, value) in Self::KEYS.iter().zip(&mut here.0) {
            if let Some(own) = dict.get(key) {
                *value = Some(Rc::new(own.clone()));
            }
        }
        here
    }

    fn as_dict(&self) -> Dict {
        let values = Self::KEYS.iter().zip(&self.0);
        let values = values.filter_map(|(key, value)| Some((*key, Object::clone(value.as_deref()?))));
        Dict::of(values.collect())
    }
}

/// The entries of a dictionary of resources, to be found by their names.
fn named(all: &Object) -> HashMap<&[u8], &Object> {
    all.dict().into_iter().flat_map(Dict::iter).collect()
}

struct Page {
    dict: Dict,
    inherited: Inherited,
}

/// The content streams of a page, joined by line ends (7.8.2). All of it will be parsed, and is paid for
/// before it is put together.
fn content<'a>(reader: &Reader<'a>, page: &Dict) -> Result<Cow<'a, [u8]>, OpenError> {
    let contents = reader.get(page, "Contents")?;
    let part = |loaded: &Loaded| {
        let part = reader.stream_data(loaded)?;
        reader.budget.parse(part.len())?;
        Ok(part)
    };
    match &contents.object {
        Object::Null => Ok(Cow::default()),
        Object::Array(parts) => {
            let mut joined = Vec::new();
            for one in parts {
                joined.extend_from_slice(&part(&reader.follow(one)?)?);
                joined.push(b'\n');
            }
            Ok(joined.into())
        }
        _ => part(&contents),
    }
}

struct Visitor<'r, 'a> {
    reader: &'r Reader<'a>,
    fonts: HashMap<&'r [u8], &'r Object>,
    pictures: HashMap<&'r [u8], &'r Object>,
    maps: HashMap<Vec<u8>, Arc<ToUnicode>>,
    font: Option<Vec<u8>>,
    /// Whether text is set but not painted (9.3.6), now and in the graphics states put by.
    unseen: bool,
    saved: Vec<bool>,
    fields: PageFields,
    /// Open marked content; where it is a field, the position of its showing.
    marks: Vec<Option<usize>>,
}

impl Visitor<'_, '_> {
    fn run(&mut self, content: &[u8]) -> Result<(), OpenError> {
        let mut parser = Parser::stream(content, 0, 0);
        let mut operands = Vec::new();
        loop {
            match parser.operand()? {
                Operand::End => break,
                Operand::Object(operand) => {
                    if operands.len() >= MAX_OPERANDS {
                        return Err(OpenError::Limit {
                            what: "operands of one operator",
                            limit: MAX_OPERANDS,
                        });
                    }
                    operands.push(operand);
                }
                Operand::Operator(b"ID") => {
                    self.fields.intact = false;
                    skip_inline_image(content, &mut parser);
                    operands.clear();
                }
                Operand::Operator(operator) => {
                    self.operator(operator, &operands)?;
                    operands.clear();
                    parser.renew();
                }
            }
        }
        if !self.marks.is_empty() {
            self.fields.intact = false;
        }
        Ok(())
    }

    fn operator(&mut self, operator: &[u8], operands: &[Object]) -> Result<(), OpenError> {
        match operator {
            b"BMC" => self.open(None),
            b"BDC" => self.open(field_key(operands)),
            b"EMC" => {
                if self.marks.pop().is_none() {
                    self.fields.intact = false;
                }
                Ok(())
            }
            b"q" => {
                self.saved.push(self.unseen);
                Ok(())
            }
            b"Q" => {
                self.unseen = self.saved.pop().unwrap_or_default();
                Ok(())
            }
            b"Tr" => {
                self.unseen = matches!(operands, [Object::Integer(3 | 7)]);
                Ok(())
            }
            b"Tf" => {
                self.font = operands.first().and_then(Object::name).map(<[u8]>::to_vec);
                Ok(())
            }
            b"Tj" | b"'" | b"\"" => match operands.last() {
                Some(shown) => self.show(std::slice::from_ref(shown)),
                None => Ok(()),
            },
            b"TJ" => self.show(operands.first().and_then(Object::array).unwrap_or_default()),
            b"Do" => self.image(operands.first().and_then(Object::name).unwrap_or_default()),
            _ => Ok(()),
        }
    }

    fn open(&mut self, key: Option<String>) -> Result<(), OpenError> {
        if self.marks.len() >= MAX_PDF_DEPTH {
            return Err(OpenError::Limit {
                what: "nesting of marked content",
                limit: MAX_PDF_DEPTH,
            });
        }
        let showing = match key {
            Some(_) if self.fields.showings.len() >= MAX_PAGE_FIELDS => {
                return Err(OpenError::Limit {
                    what: "fields of one page",
                    limit: MAX_PAGE_FIELDS,
                });
            }
            Some(key) => {
                self.fields.intact &= self.field().is_none();
                let text = String::new();
                self.fields.showings.push(Showing { key, text });
                Some(self.fields.showings.len() - 1)
            }
            None => None,
        };
        self.marks.push(showing);
        Ok(())
    }

    /// The innermost open field.
    fn field(&self) -> Option<usize> {
        self.marks.iter().rev().find_map(|mark| *mark)
    }

    fn show(&mut self, parts: &[Object]) -> Result<(), OpenError> {
        // Text outside fields belongs to labels and foreign pages.
        let Some(at) = self.field() else {
            return Ok(());
        };
        let Some(key) = self.fields.showings.get(at).map(|showing| showing.key.clone()) else {
            return Ok(());
        };
        let wrong = |what| OpenError::PageField {
            field: key.clone(),
            what,
        };
        if self.unseen {
            return Err(wrong("its text is not painted"));
        }
        let map = self.map().map_err(|error| match error {
            FontError::Absent => wrong("its font is not embedded with a ToUnicode map"),
            FontError::Broken(error) => error,
        })?;
        let Some(Showing { text, .. }) = self.fields.showings.get_mut(at) else {
            return Ok(());
        };
        for part in parts {
            if let Some(codes) = part.string() {
                if codes.len() + text.len() > MAX_FIELD_BYTES {
                    return Err(OpenError::Limit {
                        what: "bytes of one field on the page",
                        limit: MAX_FIELD_BYTES,
                    });
                }
                map.decode(codes, text)
                    .ok_or_else(|| wrong("a glyph without a character"))?;
            }
        }
        Ok(())
    }

    fn map(&mut self) -> Result<Arc<ToUnicode>, FontError> {
        let name = self.font.as_deref().ok_or(FontError::Absent)?;
        if let Some(known) = self.maps.get(name) {
            return Ok(Arc::clone(known));
        }
        let font = self.fonts.get(name).ok_or(FontError::Absent)?;
        let font = self.reader.follow(font)?;
        let dict = font.object.dict().ok_or(FontError::Absent)?;
        let stream = self.reader.get(dict, "ToUnicode")?;
        if !stream.is_stream()
            || self.reader.get(dict, "Subtype")?.object.name() != Some(b"Type0")
            || !self.is_embedded(dict)?
        {
            return Err(FontError::Absent);
        }
        let data = self.reader.stream_data(&stream)?;
        self.reader.budget.parse(data.len())?;
        let map = Arc::new(ToUnicode::parse(&data, stream.number)?);
        self.reader.budget.inflate(map.size())?;
        self.maps.insert(name.to_vec(), Arc::clone(&map));
        Ok(map)
    }

    /// Whether a composite font brings its glyphs along: for another, each viewer takes its own.
    fn is_embedded(&self, font: &Dict) -> Result<bool, OpenError> {
        let descendants = self.reader.get(font, "DescendantFonts")?.object;
        let Some([descendant]) = descendants.array() else {
            return Ok(false);
        };
        let descendant = self.reader.follow(descendant)?.object;
        let descriptor = match descendant.dict() {
            Some(descendant) => self.reader.get(descendant, "FontDescriptor")?.object,
            None => Object::Null,
        };
        let programs = ["FontFile", "FontFile2", "FontFile3"];
        let program = |key: &&str| descriptor.dict().and_then(|descriptor| descriptor.get(key));
        Ok(programs.iter().any(|key| program(key).is_some()))
    }

    fn image(&mut self, name: &[u8]) -> Result<(), OpenError> {
        let showing = self.field().and_then(|at| self.fields.showings.get(at));
        if showing.is_none_or(|showing| showing.key != QR) {
            return Ok(());
        }
        let wrong = |what| OpenError::PageField {
            field: QR.to_owned(),
            what,
        };
        if self.fields.qr.is_some() {
            return Err(wrong("more than one picture"));
        }
        let image = self.pictures.get(name).ok_or_else(|| wrong("no picture"))?;
        let image = self.reader.follow(image)?;
        let dict = image.object.dict().ok_or_else(|| wrong("no picture"))?;
        let number = |key: &str| dict.get(key).and_then(Object::integer);
        let decode = dict.get("Decode").and_then(Object::array).unwrap_or_default();
        let (Some(width), Some(height)) = (number("Width"), number("Height")) else {
            return Err(wrong("a picture without a size"));
        };
        let mask = dict.get("ImageMask") == Some(&Object::Bool(true));
        let painted_by_one = matches!(decode, [Object::Integer(1), Object::Integer(0)]);
        if !mask || !painted_by_one || width != height || !(21..=MAX_MODULES).contains(&width) {
            return Err(wrong("a picture that is no symbol of modules"));
        }
        let rows = self.reader.stream_data(&image)?;
        let side = width as usize;
        let stride = side.div_ceil(8);
        if rows.len() != stride * side {
            return Err(wrong("a symbol whose data do not fill it"));
        }
        let mut dark = Vec::with_capacity(side * stride * 8);
        for row in rows.chunks_exact(stride) {
            let end = dark.len() + side;
            for byte in row {
                dark.extend_from_slice(&[0x80, 0x40, 0x20, 0x10, 8, 4, 2, 1].map(|bit| byte & bit != 0));
            }
            dark.truncate(end);
        }
        self.fields.qr = Some(Modules {
            width: width as u32,
            dark: dark.into(),
        });
        Ok(())
    }
}

/// Why there is no map from codes to text.
enum FontError {
    Absent,
    Broken(OpenError),
}

impl From<OpenError> for FontError {
    fn from(error: OpenError) -> FontError {
        FontError::Broken(error)
    }
}

fn field_key(operands: &[Object]) -> Option<String> {
    let [Object::Name(tag), Object::Dict(properties)] = operands else {
        return None;
    };
    let key = std::str::from_utf8(FIELD_KEY).unwrap_or_default();
    let key = properties.get(key).filter(|_| **tag == *FIELD_TAG)?;
    Some(text_string(key.string()?))
}

/// Moves past the data of an inline image (8.9.7): to an `EI` between white space.
fn skip_inline_image(content: &[u8], parser: &mut Parser<'_>) {
    let start = parser.pos();
    let rest = content.get(start..).unwrap_or_default();
    let space = |byte: Option<&u8>| byte.is_none_or(|byte| super::parse::is_space(*byte));
    let end = rest
        .windows(2)
        .enumerate()
        .skip(1)
        .find(|(at, pair)| *pair == b"EI" && space(rest.get(at - 1)) && space(rest.get(at + 2)))
        .map_or(content.len(), |(at, _)| start + at + 2);
    parser.seek(end);
}

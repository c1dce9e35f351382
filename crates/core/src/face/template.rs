//! Templates: a template file and a certificate type become base art and places for values, once; a
//! face is then laid out by filling the places.
//!
//! Takes `face.toml` or `_layouts/<name>.toml` and the type; gives a [`FaceTemplate`], whose base
//! [`Drawing`] all faces of the type share.

mod build;
mod flow;
mod words;

use std::{borrow::Cow, path::Path, sync::Arc};

use jiff::civil::Date;

use super::{
    Drawing, EmblemArt, Face, FaceError, FontBook, FontRole, Item, Mm, Rect,
    font::is_private_use,
    photo,
    text::{Align, SetError, Setter, Span, Style, VAlign},
};
use crate::catalogue::{CertificateType, FaceData, Role, toml_fault};

/// What is printed on a face besides its data.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    /// Certificate identifier (电子证照标识).
    pub identifier: &'a str,
    /// Certificate number.
    pub number: &'a str,
    /// Issuing authority, as the face names it.
    pub issuer_name: &'a str,
}

/// Everything faces of one certificate type share.
#[derive(Debug)]
pub struct FaceTemplate {
    certificate_type: (String, u16),
    base: Arc<Drawing>,
    blocks: Vec<Block>,
    photo: Option<PhotoSlot>,
    emblem: Option<Rect>,
    qr: Rect,
    seal: (Mm, Mm),
}

/// A paragraph in a place, some of its pieces filled in for each face.
#[derive(Debug, Clone)]
struct Block {
    place: Rect,
    style: Style,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    source: Source,
    font: FontRole,
}

#[derive(Debug, Clone)]
enum Source {
    Text(String),
    Value(Value),
}

/// A value printed on the face.
#[derive(Debug, Clone)]
struct Value {
    key: Arc<str>,
    label: String,
    kind: ValueKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    Field,
    Number,
    Issuer,
    Identifier,
    IssuedOn,
    ValidFrom,
    ValidUntil,
}

#[derive(Debug)]
struct PhotoSlot {
    place: Rect,
    key: Arc<str>,
    label: String,
    style: Style,
}

impl FaceTemplate {
    /// Reads the template of a type: its own, from its folder, or the family layout it names.
    pub fn load(
        certificate_type: &CertificateType,
        type_folder: &Path,
        layouts_folder: &Path,
        book: &FontBook,
    ) -> Result<FaceTemplate, FaceError> {
        let layout = certificate_type.layout.as_str();
        let path = if layout == "own" {
            type_folder.join("face.toml")
        } else {
            layouts_folder.join(format!("{layout}.toml"))
        };
        let refuse = |reason: String| FaceError::Template {
            path: path.clone(),
            reason,
        };
        let plain = layout.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '-');
        if !plain || layout.is_empty() {
            return Err(refuse(format!("layout = \"{layout}\" 只能含字母、数字和连字符")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| refuse(error.to_string()))?;
        let file = toml::from_str(&text).map_err(|error| refuse(toml_fault(&text, &error)))?;
        build::build(&file, certificate_type, book).map_err(refuse)
    }

    /// With a department's emblem art in the place kept free for it; unchanged where there is no such
    /// place.
    #[must_use]
    pub fn with_emblem(mut self, art: &EmblemArt) -> FaceTemplate {
        if let Some(place) = self.emblem {
            let base = Arc::make_mut(&mut self.base);
            base.items.push(Item::Picture(art.placed(place)));
        }
        self
    }

    /// Size of the page.
    pub fn page(&self) -> (Mm, Mm) {
        (self.base.width, self.base.height)
    }

    /// Base art with labels: what all faces of the type share.
    pub fn base(&self) -> &Arc<Drawing> {
        &self.base
    }

    /// Where the seal impression is centred.
    pub fn seal_center(&self) -> (Mm, Mm) {
        self.seal
    }

    /// Place kept free for the national emblem, whose art the department supplies.
    pub fn emblem_place(&self) -> Option<Rect> {
        self.emblem
    }

    /// Place of the QR symbol with its quiet zone.
    pub fn qr_place(&self) -> Rect {
        self.qr
    }

    /// Fills the places. Every value that cannot be printed is reported, not only the first.
    pub fn lay_out(
        &self,
        data: &FaceData,
        printed: &Printed<'_>,
        book: &FontBook,
    ) -> Result<Face, Vec<FaceError>> {
        let given = &data.certificate_type;
        if (given.key.as_str(), given.version) != (self.certificate_type.0.as_str(), self.certificate_type.1)
        {
            return Err(vec![FaceError::OtherType {
                template: format!("{}@{}", self.certificate_type.0, self.certificate_type.1),
                data: format!("{}@{}", given.key, given.version),
            }]);
        }
        let mut setter = Setter::default();
        let mut items = Vec::with_capacity(self.blocks.len() * 3 + 2);
        let mut errors = Vec::new();
        for block in &self.blocks {
            block.fill(data, printed, book, &mut setter, &mut items, &mut errors);
        }
        if let Some(slot) = &self.photo {
            slot.fill(data, book, &mut setter, &mut items, &mut errors);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Face {
            base: Arc::clone(&self.base),
            items,
            seal_center: self.seal,
            qr_place: self.qr,
        })
    }
}

impl Block {
    fn fill(
        &self,
        data: &FaceData,
        printed: &Printed<'_>,
        book: &FontBook,
        setter: &mut Setter,
        items: &mut Vec<Item>,
        errors: &mut Vec<FaceError>,
    ) {
        let texts: Vec<Cow<'_, str>> = self
            .pieces
            .iter()
            .map(|piece| match &piece.source {
                Source::Text(text) => Cow::Borrowed(text.as_str()),
                Source::Value(value) => value.text(data, printed),
            })
            .collect();
        let filled = self.pieces.iter().zip(&texts);
        // Where nothing is to be said, neither are the words around it.
        let silent = filled.clone().all(|(piece, text)| match piece.source {
            Source::Text(_) => true,
            Source::Value(_) => text.trim().is_empty(),
        });
        if silent {
            return;
        }
        let spans: Vec<Span<'_>> = filled
            .map(|(piece, text)| Span {
                text,
                role: piece.font,
                field: match &piece.source {
                    Source::Text(_) => None,
                    Source::Value(value) => Some(&value.key),
                },
            })
            .collect();
        match setter.set(&spans, self.place, &self.style, book, items) {
            Ok(()) => {}
            Err(SetError::TooLong) => errors.push(self.too_long(&texts)),
            Err(SetError::Unprintable(..)) => self.unprintable(&texts, book, errors),
        }
    }

    /// Blames the longest value.
    fn too_long(&self, texts: &[Cow<'_, str>]) -> FaceError {
        let values = self
            .pieces
            .iter()
            .zip(texts)
            .filter_map(|(piece, text)| match &piece.source {
                Source::Text(_) => None,
                Source::Value(value) => Some((value, text.chars().count())),
            });
        let (field, label, chars) = values
            .max_by_key(|(_, chars)| *chars)
            .map(|(value, chars)| (value.key.to_string(), value.label.clone(), chars))
            .unwrap_or_default();
        FaceError::DoesNotFit {
            field,
            label,
            place: self.place,
            chars,
            floor: self.style.floor,
        }
    }

    fn unprintable(&self, texts: &[Cow<'_, str>], book: &FontBook, errors: &mut Vec<FaceError>) {
        for (piece, text) in self.pieces.iter().zip(texts) {
            let Source::Value(value) = &piece.source else {
                continue;
            };
            for (index, ch) in text.chars().enumerate() {
                if ch != '\n' && book.glyph(piece.font, ch).is_none() {
                    errors.push(value.unprintable(ch, index + 1, book));
                }
            }
        }
    }
}

impl Value {
    fn text<'a>(&self, data: &'a FaceData, printed: &Printed<'a>) -> Cow<'a, str> {
        let own = || {
            data.printed
                .get(&*self.key)
                .map(String::as_str)
                .filter(|text| !text.is_empty())
        };
        match self.kind {
            ValueKind::Field => own().unwrap_or_default().into(),
            ValueKind::Number => printed.number.into(),
            ValueKind::Issuer => printed.issuer_name.into(),
            ValueKind::Identifier => printed.identifier.into(),
            ValueKind::IssuedOn => own().map_or_else(|| date(data.issued_on).into(), Cow::from),
            ValueKind::ValidFrom => own().map_or_else(|| date(data.valid_from).into(), Cow::from),
            ValueKind::ValidUntil => own().map_or_else(
                || data.valid_until.map_or(Cow::from("长期"), |day| date(day).into()),
                Cow::from,
            ),
        }
    }

    fn unprintable(&self, ch: char, position: usize, book: &FontBook) -> FaceError {
        let (field, label) = (self.key.to_string(), self.label.clone());
        if is_private_use(ch) {
            return FaceError::PrivateUse {
                field,
                label,
                ch,
                position,
            };
        }
        let absent = book.absent_packages();
        let hint = if absent.is_empty() {
            String::new()
        } else {
            format!("，或安装字体包 {}", absent.join("、"))
        };
        FaceError::MissingGlyph {
            field,
            label,
            ch,
            position,
            hint,
        }
    }
}

/// 2026年11月21日.
fn date(day: Date) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

impl PhotoSlot {
    fn fill(
        &self,
        data: &FaceData,
        book: &FontBook,
        setter: &mut Setter,
        items: &mut Vec<Item>,
        errors: &mut Vec<FaceError>,
    ) {
        if let Some(file) = data.photos.get(&*self.key) {
            match photo::place(file, self.place, &self.key) {
                Ok(placed) => items.push(Item::Picture(placed)),
                Err(reason) => {
                    let (field, label) = (self.key.to_string(), self.label.clone());
                    errors.push(FaceError::Photo { field, label, reason });
                }
            }
            return;
        }
        let span = Span {
            text: "照 片",
            role: FontRole::Song,
            field: None,
        };
        // The template was built with these words, so that they can be set.
        let _ = setter.set(&[span], self.place, &self.style, book, items);
    }
}

impl Value {
    fn of_role(role: Role) -> Option<ValueKind> {
        match role {
            Role::Number => Some(ValueKind::Number),
            Role::IssuedOn => Some(ValueKind::IssuedOn),
            Role::ValidFrom => Some(ValueKind::ValidFrom),
            Role::ValidUntil => Some(ValueKind::ValidUntil),
            Role::HolderName | Role::HolderCode => None,
        }
    }
}

/// Style of text that says nothing else.
fn plain_style(color: super::Color) -> Style {
    Style {
        size: 4.2,
        floor: 2.4,
        color,
        alpha: 1.0,
        align: Align::Left,
        valign: VAlign::Middle,
        leading: 1.45,
        wrap: true,
        spacing: 0.0,
        indent: 0.0,
        drop: 0.0,
        cells: None,
    }
}

#[cfg(test)]
mod tests;

//! From a template file and a type to base art and places.

mod title;

use std::{collections::BTreeSet, sync::Arc};

use super::{Block, FaceTemplate, PhotoSlot, Piece, Source, Value, flow, plain_style, words};
use crate::{
    catalogue::{CertificateType, Field, FieldKind, Role},
    face::{
        Color, Drawing, FontBook, FontRole, Item, MIN_QR_MODULE, Mm, Rect, art,
        spec::{Art, Page, Paint, Palette, Place, Setting, Sign, TemplateFile},
        text::{Align, SetError, Setter, Span, Style, VAlign},
    },
};

/// Modules of the largest symbol a token makes, with its quiet zone: version 17.
const QR_MODULES: f32 = 85.0 + 8.0;

pub(super) fn build(
    file: &TemplateFile,
    certificate_type: &CertificateType,
    book: &FontBook,
) -> Result<FaceTemplate, String> {
    let mut builder = Builder {
        certificate_type,
        page: file.page,
        palette: Palette::new(file, &certificate_type.department)?,
        book,
        setter: Setter::default(),
        base: Vec::new(),
        blocks: Vec::new(),
        placed: BTreeSet::new(),
        beat: None,
    };

    // 1. What lies undermost: art, free places.
    for piece in &file.art {
        builder.art(piece)?;
    }
    let photo = builder.photo(file)?;
    let emblem = builder.emblem(file)?;
    let qr = builder.slot("qr", file.slots.qr)?;
    if qr.w.min(qr.h) / QR_MODULES < MIN_QR_MODULE {
        return Err(format!(
            "slots.qr 边长须至少 {:.1} 毫米",
            QR_MODULES * MIN_QR_MODULE
        ));
    }
    builder.base.push(art::fill(qr, Color(255, 255, 255)));

    // 2. Text in places of its own.
    if let Some(title) = &file.title {
        builder.title(title)?;
    }
    for field in &file.fields {
        let text = format!("{}{{{}}}{}", field.prefix, field.key, field.suffix);
        let font = field.setting.font.unwrap_or(FontRole::Song);
        builder.paragraph(&text, field.rect, &field.setting, (font, font))?;
    }
    for paragraph in &file.paragraphs {
        let font = paragraph.setting.font.unwrap_or(FontRole::Song);
        let fonts = (font, paragraph.value_font.unwrap_or(font));
        builder.paragraph(&paragraph.text, paragraph.rect, &paragraph.setting, fonts)?;
    }
    let seal = (file.slots.seal[0], file.slots.seal[1]);
    builder.sign(&file.sign, seal)?;
    builder.identifier(&file.identifier)?;

    // 3. Rows of fields: those that name theirs first, then those that take what is left.
    let (named, rest): (Vec<_>, Vec<_>) = file.flows.iter().partition(|flow| !flow.fields.is_empty());
    for flow in named.into_iter().chain(rest) {
        flow::lay(&mut builder, flow, photo.is_some())?;
    }
    builder.nothing_left_out()?;

    Ok(FaceTemplate {
        certificate_type: (certificate_type.key.clone(), certificate_type.version),
        base: Arc::new(Drawing {
            width: file.page.width,
            height: file.page.height,
            items: builder.base,
        }),
        blocks: builder.blocks,
        photo,
        emblem,
        qr,
        seal,
    })
}

pub(super) struct Builder<'a> {
    pub(super) certificate_type: &'a CertificateType,
    page: Page,
    pub(super) palette: Palette,
    pub(super) book: &'a FontBook,
    pub(super) setter: Setter,
    pub(super) base: Vec<Item>,
    pub(super) blocks: Vec<Block>,
    /// Keys of fields that have a place.
    placed: BTreeSet<String>,
    /// Height of a row of one line, and size of values, of the flow laid last.
    pub(super) beat: Option<(Mm, Mm)>,
}

impl<'a> Builder<'a> {
    fn art(&mut self, piece: &Art) -> Result<(), String> {
        if let Art::Text { text, rect, setting } = piece {
            let font = setting.font.unwrap_or(FontRole::Song);
            return self.paragraph(text, *rect, setting, (font, font));
        }
        art::draw(piece, &self.palette, &mut self.base)
    }

    /// A place that must lie on the page.
    pub(super) fn slot(&self, what: &str, place: Place) -> Result<Rect, String> {
        let Rect { x, y, w, h } = place.0;
        let inside = x >= 0.0 && y >= 0.0 && x + w <= self.page.width && y + h <= self.page.height;
        if inside && w > 0.0 && h > 0.0 {
            Ok(place.0)
        } else {
            Err(format!("{what} = [{x}, {y}, {w}, {h}] 不在页面内"))
        }
    }

    fn emblem(&self, file: &TemplateFile) -> Result<Option<Rect>, String> {
        if !self.certificate_type.emblem {
            return Ok(None);
        }
        let place = file
            .slots
            .emblem
            .ok_or("证照类型印有国徽，而模板没有 slots.emblem")?;
        self.slot("emblem", place).map(Some)
    }

    fn photo(&mut self, file: &TemplateFile) -> Result<Option<PhotoSlot>, String> {
        let mut photos = self
            .certificate_type
            .fields
            .iter()
            .filter(|field| field.kind == FieldKind::Photo);
        let Some(field) = photos.next() else {
            return Ok(None);
        };
        if photos.next().is_some() {
            return Err("一个照面只能有一张照片".to_owned());
        }
        let place = file
            .slots
            .photo
            .ok_or("证照类型有照片字段，而模板没有 slots.photo")?;
        let place = self.slot("photo", place)?;
        let grey = self.palette.color(&Paint("grey".to_owned()))?;
        self.base.push(art::fill(place, Color(255, 255, 255)));
        self.base
            .push(art::line(art::frame(place, 0.0), grey, 0.15, Vec::new()));
        self.placed.insert(field.key.clone());
        let style = Style {
            size: 4.0,
            align: Align::Center,
            ..plain_style(grey)
        };
        Ok(Some(PhotoSlot {
            place,
            key: Arc::from(field.key.as_str()),
            label: field.label.clone(),
            style,
        }))
    }

    /// Text with `{…}`: part of the base when nothing in it differs from face to face.
    pub(super) fn paragraph(
        &mut self,
        text: &str,
        rect: Place,
        setting: &Setting,
        fonts: (FontRole, FontRole),
    ) -> Result<(), String> {
        let place = self.slot(&format!("“{text}”的位置"), rect)?;
        let style = self.style(setting, &plain_style(self.color(None, "ink")?))?;
        let pieces = words::pieces(text, self.certificate_type, fonts)?;
        self.block(Block { place, style, pieces })
    }

    /// Keeps a block for the faces, or sets it at once.
    pub(super) fn block(&mut self, block: Block) -> Result<(), String> {
        let mut open = false;
        for piece in &block.pieces {
            if let Source::Value(value) = &piece.source {
                open = true;
                self.placed.insert(value.key.to_string());
            }
        }
        if open {
            self.blocks.push(block);
            return Ok(());
        }
        match block.pieces.as_slice() {
            [
                Piece {
                    source: Source::Text(text),
                    font,
                },
            ] => self.fixed(text, *font, block.place, &block.style),
            _ => Ok(()),
        }
    }

    pub(super) fn fixed(
        &mut self,
        text: &str,
        font: FontRole,
        place: Rect,
        style: &Style,
    ) -> Result<(), String> {
        self.try_fixed(text, font, place, style)
            .map_err(|error| refusal(text, &error))
    }

    pub(super) fn try_fixed(
        &mut self,
        text: &str,
        role: FontRole,
        place: Rect,
        style: &Style,
    ) -> Result<(), SetError> {
        let span = Span {
            text,
            role,
            field: None,
        };
        self.setter.set(&[span], place, style, self.book, &mut self.base)
    }

    fn sign(&mut self, sign: &Sign, seal: (Mm, Mm)) -> Result<(), String> {
        let color = self.color(sign.color.as_ref(), "ink")?;
        let font = sign.font.unwrap_or(FontRole::Song);
        let style = Style {
            size: sign.size,
            floor: sign.floor,
            align: Align::Center,
            leading: 1.15,
            ..plain_style(color)
        };
        let lines = [
            (format!("{}{{issuer}}", sign.label), sign.issuer_dy),
            ("{issued-on}".to_owned(), sign.date_dy),
        ];
        for (text, dy) in lines {
            let h = sign.size * 1.6;
            let rect = Rect {
                x: seal.0 - sign.width / 2.0,
                y: seal.1 + dy - h / 2.0,
                w: sign.width,
                h,
            };
            let place = self.slot("sign", Place(rect))?;
            let pieces = words::pieces(&text, self.certificate_type, (font, font))?;
            self.block(Block {
                place,
                style: style.clone(),
                pieces,
            })?;
        }
        Ok(())
    }

    fn identifier(&mut self, setting: &Setting) -> Result<(), String> {
        let rect = setting.place.ok_or("identifier 没有 place")?;
        let grey = self.color(setting.color.as_ref(), "grey")?;
        let place = self.slot("identifier.place", rect)?;
        let base = Style {
            size: 2.6,
            floor: 1.8,
            wrap: false,
            ..plain_style(grey)
        };
        let style = self.style(setting, &base)?;
        let font = setting.font.unwrap_or(FontRole::Hei);
        let pieces = words::pieces("电子证照标识：{identifier}", self.certificate_type, (font, font))?;
        self.block(Block { place, style, pieces })
    }

    pub(super) fn color(&self, paint: Option<&Paint>, default: &str) -> Result<Color, String> {
        paint.map_or_else(
            || self.palette.color(&Paint(default.to_owned())),
            |paint| self.palette.color(paint),
        )
    }

    pub(super) fn style(&self, setting: &Setting, base: &Style) -> Result<Style, String> {
        let size = setting.size.unwrap_or(base.size);
        let floor = setting.floor.unwrap_or(base.floor).min(size);
        let sound = size > 0.5 && floor > 0.5 && setting.leading.unwrap_or(base.leading) >= 1.0;
        if !sound {
            return Err(format!("size = {size}、floor = {floor} 或 leading 过小"));
        }
        Ok(Style {
            size,
            floor,
            color: match &setting.color {
                Some(paint) => self.palette.color(paint)?,
                None => base.color,
            },
            alpha: setting.alpha.unwrap_or(base.alpha),
            align: setting.align.unwrap_or(base.align),
            valign: setting.valign.unwrap_or(base.valign),
            leading: setting.leading.unwrap_or(base.leading),
            wrap: setting.wrap.unwrap_or(base.wrap),
            spacing: setting.spacing.unwrap_or(base.spacing),
            indent: setting.indent.unwrap_or(base.indent),
            drop: base.drop,
            cells: setting.cells.or(base.cells),
        })
    }

    /// Fields that no other part of the template shows.
    pub(super) fn unplaced(&self) -> Vec<&'a Field> {
        let fields = self.certificate_type.fields.iter();
        fields.filter(|field| !self.placed.contains(&field.key)).collect()
    }

    fn nothing_left_out(&self) -> Result<(), String> {
        let left: Vec<_> = self
            .unplaced()
            .into_iter()
            .map(|field| field.key.as_str())
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("字段 {} 在模板中没有位置", left.join("、")))
        }
    }

    /// Height of a text broken to a width.
    pub(super) fn height(
        &mut self,
        text: &str,
        role: FontRole,
        width: Mm,
        style: &Style,
    ) -> Result<Mm, String> {
        let span = Span {
            text,
            role,
            field: None,
        };
        self.setter
            .height(&[span], width, style, self.book)
            .map_err(|error| refusal(text, &error))
    }

    /// Natural width of a line, in ems.
    pub(super) fn measure(&mut self, text: &str, role: FontRole) -> Result<f32, String> {
        let span = Span {
            text,
            role,
            field: None,
        };
        let measured = self.setter.measure(&[span], 0.0, self.book);
        measured.map_err(|error| refusal(text, &error))
    }
}

/// Ems that hold any value of a field, and those that hold a usual one.
pub(super) fn lengths(field: &Field) -> (f32, f32) {
    let sample = field.sample.chars().map(ems).sum::<f32>();
    match field.kind {
        FieldKind::Date => (8.6, 8.6),
        FieldKind::CreditCode | FieldKind::CitizenId => (11.2, 11.2),
        FieldKind::Choice => {
            let longest = field.choices.iter().map(|choice| choice.chars().map(ems).sum());
            let longest = longest.fold(sample, f32::max);
            (longest, longest)
        }
        FieldKind::Integer | FieldKind::Decimal => {
            let unit = field
                .unit
                .as_deref()
                .unwrap_or_default()
                .chars()
                .map(ems)
                .sum::<f32>();
            (8.0 + unit, (sample + unit).max(4.0))
        }
        FieldKind::Text | FieldKind::Photo => {
            let most = field.max_chars.unwrap_or(60) as f32;
            // Numbers and codes are Latin.
            let wide = if matches!(field.role, Some(Role::Number | Role::HolderCode)) {
                (most * 0.62).max(sample)
            } else {
                most
            };
            let usual = if most >= 80.0 {
                sample.max(most * 0.14)
            } else {
                sample.max(most.min(8.0))
            };
            (wide.max(sample), usual.min(wide))
        }
    }
}

fn ems(ch: char) -> f32 {
    if ch.is_ascii() { 0.62 } else { 1.0 }
}

fn refusal(text: &str, error: &SetError) -> String {
    match error {
        SetError::TooLong => format!("“{text}”在给定位置排不下"),
        SetError::Unprintable(_, missing) => {
            let codes: Vec<_> = missing
                .iter()
                .map(|miss| format!("“{}”U+{:04X}", miss.ch, u32::from(miss.ch)))
                .collect();
            format!("“{text}”中没有字形：{}", codes.join("、"))
        }
    }
}

/// A value alone.
pub(super) fn single(value: Value, font: FontRole) -> Vec<Piece> {
    vec![Piece {
        source: Source::Value(value),
        font,
    }]
}

/// Style of flow values unless the template says otherwise.
pub(super) fn value_style(color: Color) -> Style {
    Style {
        size: 4.8,
        floor: 2.6,
        valign: VAlign::Baseline,
        leading: 1.4,
        ..plain_style(color)
    }
}

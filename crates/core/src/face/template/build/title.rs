//! The title: one line where it can be, spread where it is short, what belongs above or below it small.

use super::{Builder, refusal};
use crate::face::{
    FontRole, Rect,
    spec::Title,
    template::{plain_style, words},
    text::{Align, SetError, Style},
};

impl Builder<'_> {
    pub(super) fn title(&mut self, title: &Title) -> Result<(), String> {
        let rect = match title.rect_with_emblem {
            Some(rect) if self.certificate_type.emblem => rect,
            _ => title.rect,
        };
        let mut place = self.slot("title.rect", rect)?;
        let color = self.color(title.color.as_ref(), "main")?;
        let font = title.font.unwrap_or(FontRole::SongBold);
        let own = words::title(self.certificate_type).to_owned();
        let text = title.text.clone().unwrap_or(own);
        let (above, main, below) = match title.prefix {
            Some(_) => split_title(&text),
            None => ("", text.as_str(), ""),
        };
        let style = Style {
            size: title.size,
            floor: title.floor,
            align: Align::Center,
            leading: 1.25,
            wrap: false,
            ..plain_style(color)
        };
        let small = title.prefix.unwrap_or(0.0);
        if !above.is_empty() {
            let line = Rect {
                h: small * 1.6,
                ..place
            };
            let style = Style {
                size: small,
                floor: small * 0.6,
                spacing: 0.12,
                ..style.clone()
            };
            self.fixed(above, font, line, &style)?;
            place = Rect {
                y: place.y + line.h,
                h: place.h - line.h,
                ..place
            };
        }
        if !below.is_empty() {
            let size = small * 0.9;
            let line = Rect {
                y: place.y + place.h - size * 1.5,
                h: size * 1.5,
                ..place
            };
            let style = Style {
                size,
                floor: size * 0.6,
                ..style.clone()
            };
            self.fixed(below, font, line, &style)?;
            place.h -= line.h;
        }
        let count = main.chars().count().max(2) as f32;
        let spacing = ((title.spread - count) / (count - 1.0)).clamp(0.0, 0.7);
        let spread = Style {
            spacing,
            ..style.clone()
        };
        // A title rather gives up its air than its size, and its size than its line.
        let tries = [
            spread,
            Style {
                spacing: 0.06,
                ..style.clone()
            },
            Style {
                wrap: true,
                floor: title.floor * 0.7,
                ..style
            },
        ];
        for style in tries {
            match self.try_fixed(main, font, place, &style) {
                Err(SetError::TooLong) => {}
                Err(error) => return Err(refusal(main, &error)),
                Ok(()) => return Ok(()),
            }
        }
        Err(format!(
            "标题“{main}”在 {:.0}×{:.0} 毫米内排不下",
            place.w, place.h
        ))
    }
}

/// What stands above the title, the title, and what stands below.
fn split_title(text: &str) -> (&str, &str, &str) {
    let state = "中华人民共和国";
    let (above, rest) = match text.strip_prefix(state) {
        Some(rest) if !rest.is_empty() => (state, rest),
        _ => ("", text),
    };
    match rest.find('（') {
        Some(at) if at > 0 && rest.ends_with('）') => (above, &rest[..at], &rest[at..]),
        _ => (above, rest, ""),
    }
}

//! What people write into the registry and the trust list beside the data: who they are and why they act.
//!
//! Both are read later on terminals, in tables and by auditors, so they are one line of visible text.

/// Longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// Longest name of an actor, in characters.
pub const MAX_ACTOR_CHARS: usize = 64;

/// Why a remark cannot be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemarkError {
    /// Nothing visible was written.
    #[error("不能为空 (nothing is written)")]
    Empty,
    /// It is too long.
    #[error("不能超过 {0} 个字 (longer than {0} characters)")]
    TooLong(usize),
    /// A character that shows nothing, or changes how the rest is shown.
    #[error("含有不可见的控制字符 U+{:04X}，请删除 (holds a control character)", u32::from(*.0))]
    Control(char),
}

/// A reason, as the registry keeps it. Empty is an error; where none is needed, do not ask.
pub fn reason(text: &str) -> Result<String, RemarkError> {
    remark(text, MAX_REASON_CHARS)
}

/// The name of whoever acts, as the registry keeps it.
pub fn actor(text: &str) -> Result<String, RemarkError> {
    remark(text, MAX_ACTOR_CHARS)
}

/// Whether a text is as [`reason`] and [`actor`] leave it, but for its length.
pub(crate) fn is_line(text: &str) -> bool {
    line(text) == text && !text.chars().any(hides)
}

/// Every run of white space becomes one space; line breaks are white space.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn remark(text: &str, most: usize) -> Result<String, RemarkError> {
    let line = line(text);
    if let Some(found) = line.chars().find(|c| hides(*c)) {
        return Err(RemarkError::Control(found));
    }
    match line.chars().count() {
        0 => Err(RemarkError::Empty),
        count if count > most => Err(RemarkError::TooLong(most)),
        _ => Ok(line),
    }
}

/// A character of a text that nobody vouches for, or what stands for it where it would hide something.
pub fn visible(c: char) -> char {
    if hides(c) { '\u{FFFD}' } else { c }
}

/// A text that nobody vouches for as one line of such characters.
pub fn visible_line(text: impl Into<String>) -> String {
    let text = text.into();
    // Nearly all are so already.
    if text.chars().any(hides) {
        text.chars().map(visible).collect()
    } else {
        text
    }
}

/// The same, cut behind so many characters.
pub(crate) fn visible_start(text: impl Into<String>, most: usize) -> String {
    let mut text = text.into();
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    visible_line(text)
}

/// Controls, line breaks, directions, characters without width or ink, and what is no character: two remarks that look
/// the same are the same. Those are the code points that Unicode has nothing shown for (Default_Ignorable_Code_Point),
/// its line and paragraph separators, the marks around annotations and the noncharacters. Selectors of ideographic
/// variants show in the glyph, and names are written with them.
fn hides(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_one_line_of_what_can_be_seen() {
        assert_eq!(
            reason("  依据处罚决定书\n〔2026〕\t12 号 "),
            Ok("依据处罚决定书 〔2026〕 12 号".to_owned())
        );
        // A character of another plane is one: names of people hold such.
        assert_eq!(actor("𠮷田"), Ok("𠮷田".to_owned()));
        assert_eq!(visible('\u{2028}'), '\u{FFFD}');
        assert_eq!(visible_line("a\nb\u{1b}[2J"), "a\u{FFFD}b\u{FFFD}[2J");
        assert_eq!(visible_start("𠮷田\u{200b}一", 3), "𠮷田\u{FFFD}…");
        assert_eq!(visible_start("𠮷田", 2), "𠮷田");
        for empty in ["", " \n\t　"] {
            assert_eq!(reason(empty), Err(RemarkError::Empty), "{empty:?}");
        }
        for hidden in [
            '\u{1b}',
            '\0',
            '\u{202e}',
            '\u{200b}',
            '\u{2066}',
            '\u{feff}',
            '\u{180e}',
            '\u{3164}',
            '\u{fff9}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{fffe}',
            '\u{1ffff}',
        ] {
            assert_eq!(
                reason(&format!("a{hidden}b")),
                Err(RemarkError::Control(hidden)),
                "{hidden:?}"
            );
        }
        assert!(reason(&"长".repeat(MAX_REASON_CHARS)).is_ok());
        assert_eq!(reason(&"长".repeat(501)), Err(RemarkError::TooLong(500)));
        assert_eq!(actor(&"长".repeat(65)), Err(RemarkError::TooLong(64)));
    }
}

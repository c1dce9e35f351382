//! DER as these structures are read: one element after another, each by its name in the standard, so that an error
//! says which and where.

use der::{Decode as _, Header, Reader as _, SliceReader, Tag, TagNumber};

use super::{Deviation, Deviations, SesError};
use crate::limits::MAX_SES_TEXT;

/// [0], constructed.
pub(crate) const CONTEXT_0: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// Its name in the standard.
    pub(crate) field: &'static str,
    /// Where it begins in the file.
    pub(crate) at: usize,
    pub(crate) tag: Tag,
    /// As it stands in the file.
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
}

/// Elements one behind the other.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a> {
    /// What they are in.
    of: &'static str,
    /// Where the first begins in the file.
    from: usize,
    reader: SliceReader<'a>,
}

impl<'a> Elements<'a> {
    fn new(content: &'a [u8], of: &'static str, from: usize) -> Result<Self, SesError> {
        let reader = SliceReader::new(content).map_err(|_| SesError::TooLarge)?;
        Ok(Self { of, from, reader })
    }

    fn at(&self) -> usize {
        self.from + usize::try_from(self.reader.position()).unwrap_or_default()
    }

    /// The next one, which must be there.
    pub(crate) fn next(&mut self, field: &'static str) -> Result<Element<'a>, SesError> {
        let at = self.at();
        if self.reader.is_finished() {
            let why = "缺失";
            return Err(SesError::Malformed { field, at, why });
        }
        let mut read = || {
            let whole = self.reader.tlv_bytes()?;
            let mut inner = SliceReader::new(whole)?;
            let tag = Header::decode(&mut inner)?.tag();
            let content = inner.read_slice(inner.remaining_len())?;
            Ok(Element {
                field,
                at,
                tag,
                whole,
                content,
            })
        };
        read().map_err(|_: der::Error| SesError::Malformed {
            field,
            at,
            why: "不是 DER",
        })
    }

    /// The next one, if it has this tag.
    pub(crate) fn next_if(&mut self, tag: Tag, field: &'static str) -> Result<Option<Element<'a>>, SesError> {
        match self.peek() {
            Some(next) if next == tag => self.next(field).map(Some),
            _ => Ok(None),
        }
    }

    /// Tag of the next one, where there is one.
    pub(crate) fn peek(&self) -> Option<Tag> {
        if self.reader.is_finished() {
            None
        } else {
            Tag::peek(&self.reader).ok()
        }
    }

    /// All that are left, each under this name.
    pub(crate) fn rest(&mut self, field: &'static str, most: usize) -> Result<Vec<Element<'a>>, SesError> {
        let mut found = Vec::new();
        while !self.reader.is_finished() {
            if found.len() == most {
                return Err(SesError::TooMany { field, most });
            }
            found.push(self.next(field)?);
        }
        Ok(found)
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), SesError> {
        if self.reader.is_finished() {
            return Ok(());
        }
        Err(SesError::Malformed {
            field: self.of,
            at: self.at(),
            why: "有多余的内容",
        })
    }
}

impl<'a> Element<'a> {
    /// The one element that these bytes are, which begin at `from` in the file.
    pub(crate) fn only(bytes: &'a [u8], field: &'static str, from: usize) -> Result<Self, SesError> {
        let mut elements = Elements::new(bytes, field, from)?;
        let only = elements.next(field)?;
        elements.finish()?;
        Ok(only)
    }

    pub(crate) fn malformed(&self, why: &'static str) -> SesError {
        SesError::Malformed {
            field: self.field,
            at: self.at,
            why,
        }
    }

    fn expect(&self, tag: Tag, why: &'static str) -> Result<&'a [u8], SesError> {
        if self.tag == tag {
            Ok(self.content)
        } else {
            Err(self.malformed(why))
        }
    }

    /// What is in it.
    fn inside(&self) -> Result<Elements<'a>, SesError> {
        let header = self.whole.len() - self.content.len();
        Elements::new(self.content, self.field, self.at + header)
    }

    /// The elements of a SEQUENCE.
    pub(crate) fn sequence(&self) -> Result<Elements<'a>, SesError> {
        self.expect(Tag::Sequence, "应为 SEQUENCE")?;
        self.inside()
    }

    /// The element under an explicit [0].
    pub(crate) fn explicit(&self) -> Result<Self, SesError> {
        self.expect(CONTEXT_0, "应在 [0] 标签之下")?;
        let mut inside = self.inside()?;
        let only = inside.next(self.field)?;
        inside.finish()?;
        Ok(only)
    }

    pub(crate) fn octets(&self) -> Result<&'a [u8], SesError> {
        self.expect(Tag::OctetString, "应为 OCTET STRING")
    }

    /// The octets of a BIT STRING.
    pub(crate) fn bits(&self) -> Result<&'a [u8], SesError> {
        match self.expect(Tag::BitString, "应为 BIT STRING")? {
            [0, octets @ ..] => Ok(octets),
            _ => Err(self.malformed("不是整字节的 BIT STRING")),
        }
    }

    /// A number that is not negative.
    pub(crate) fn integer(&self) -> Result<u32, SesError> {
        let content = self.expect(Tag::Integer, "应为 INTEGER")?;
        let digits = match content {
            [] | [0x80..=0xff, ..] => return Err(self.malformed("应为非负整数")),
            [0, next, ..] if next & 0x80 == 0 => return Err(self.malformed("不是 DER")),
            [0, digits @ ..] if !digits.is_empty() => digits,
            digits => digits,
        };
        if digits.len() > size_of::<u32>() {
            return Err(self.malformed("数值过大"));
        }
        Ok(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    /// A text of this type; of another type it is noted.
    pub(crate) fn text(&self, usual: Tag, deviations: &mut Deviations) -> Result<String, SesError> {
        if !matches!(self.tag, Tag::Utf8String | Tag::Ia5String | Tag::PrintableString) {
            return Err(self.malformed("应为字符串"));
        }
        if self.content.len() > MAX_SES_TEXT {
            return Err(self.malformed("过长"));
        }
        let text = str::from_utf8(self.content).map_err(|_| self.malformed("不是 UTF-8 文字"))?;
        let is_usual = self.tag == usual && (usual == Tag::Utf8String || text.is_ascii());
        deviations.note_if(!is_usual, Deviation::StringType);
        Ok(text.to_owned())
    }

    /// The DER of a certificate in an OCTET STRING; one that stands there bare is noted.
    pub(crate) fn certificate(&self, deviations: &mut Deviations) -> Result<&'a [u8], SesError> {
        if self.tag == Tag::Sequence {
            deviations.note(Deviation::UnwrappedCertificate);
            return Ok(self.whole);
        }
        self.octets()
    }
}

//! Fonts: finding them, choosing a glyph for a character, and giving its outline.
//!
//! Takes the directories of a [`FontConfig`]; gives a [`FontBook`], shared by all threads. Files are
//! opened and judged when the book is made, but a table is read only when the first glyph needs it, and
//! outlines glyph by glyph, so that a book of eight large fonts costs a few megabytes. Everything asked a
//! second time is answered from a cache without a lock.

mod charstring;
mod file;
mod glyphs;
mod quadratic;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use skrifa::{
    GlyphId, PathSink,
    font::Font,
    raw::{TableProvider, types::NameId},
};

pub(crate) use self::quadratic::{SimpleGlyph, UNITS};
use self::{file::FontFile, glyphs::Glyphs};
use super::{FontId, Segment};

/// A typeface a template asks for by its traditional name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FontRole {
    /// 黑体: sans serif.
    Hei,
    /// Bold 黑体.
    HeiBold,
    /// 楷体: brush script.
    Kai,
    /// 宋体: serif.
    Song,
    /// Bold 宋体.
    SongBold,
}

const ROLES: usize = 5;

/// Where fonts are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontConfig {
    /// Directories, searched with their subdirectories; the first file found wins.
    pub dirs: Vec<PathBuf>,
}

impl FontConfig {
    /// The directories Linux systems keep fonts in, the user's own first.
    pub fn system(home: Option<&Path>) -> FontConfig {
        let own = home.map(|home| home.join(".local/share/fonts"));
        let dirs = own.into_iter().chain(
            ["/usr/local/share/fonts", "/usr/share/fonts"]
                .iter()
                .map(PathBuf::from),
        );
        FontConfig { dirs: dirs.collect() }
    }
}

impl Default for FontConfig {
    fn default() -> FontConfig {
        FontConfig::system(None)
    }
}

/// Why a font book could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FontError {
    /// The licence bits of the font forbid what a certificate needs.
    #[error(
        "字体 {family}（{path}）的许可位 fsType {fs_type:#06x} 不允许嵌入或子集化，请换用其他字体 / \
         font {family} forbids embedding"
    )]
    EmbeddingForbidden {
        /// Family name.
        family: String,
        /// The file.
        path: PathBuf,
        /// OS/2 fsType.
        fs_type: u16,
    },
    /// No file of the font under any of the directories.
    #[error(
        "找不到字体 {family}（{role}）。请安装软件包 {package}（apt-get install {package}），\
         或把字体文件所在目录加入字体配置；已查找：{searched} / font {family} not found, install {package}"
    )]
    NotFound {
        /// Family name.
        family: &'static str,
        /// What the templates use it for.
        role: &'static str,
        /// Debian package.
        package: &'static str,
        /// Directories searched.
        searched: String,
    },
    /// A file of that name is there but cannot be used.
    #[error("无法读取字体文件 {path} / cannot read font file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// What a document says about an embedded font; lengths in thousandths of the em.
#[derive(Debug, Clone, PartialEq)]
pub struct FontDescriptor {
    /// PostScript name, ASCII.
    pub postscript_name: String,
    /// Family name.
    pub family: String,
    /// Height above the baseline.
    pub ascent: f32,
    /// Depth below the baseline, negative.
    pub descent: f32,
    /// Height of capitals.
    pub cap_height: f32,
    /// Union of all glyph boxes: left, bottom, right, top.
    pub bbox: [f32; 4],
    /// Degrees counter-clockwise from upright.
    pub italic_angle: f32,
    /// Font descriptor flags (ISO 32000-1 table 123).
    pub flags: u32,
    /// Thickness of vertical stems.
    pub stem_v: f32,
}

/// A font the book knows how to find.
struct Known {
    family: &'static str,
    files: &'static [&'static str],
    package: &'static str,
    role: &'static str,
    required: bool,
    serif: bool,
    stem_v: f32,
}

const SONG: usize = 0;
const SONG_BOLD: usize = 1;
const HEI: usize = 2;
const HEI_BOLD: usize = 3;
const KAI: usize = 4;
const HANA_A: usize = 5;
const HANA_B: usize = 6;
const DEJAVU: usize = 7;

static KNOWN: [Known; 8] = [
    Known {
        family: "Noto Serif CJK SC",
        files: &[
            "NotoSerifCJK-Regular.ttc",
            "NotoSerifCJKsc-Regular.otf",
            "NotoSerifCJKSC-Regular.otf",
        ],
        package: "fonts-noto-cjk",
        role: "宋体",
        required: true,
        serif: true,
        stem_v: 70.0,
    },
    Known {
        family: "Noto Serif CJK SC",
        files: &[
            "NotoSerifCJK-Bold.ttc",
            "NotoSerifCJKsc-Bold.otf",
            "NotoSerifCJKSC-Bold.otf",
        ],
        package: "fonts-noto-cjk",
        role: "粗宋体",
        required: true,
        serif: true,
        stem_v: 140.0,
    },
    Known {
        family: "Noto Sans CJK SC",
        files: &[
            "NotoSansCJK-Regular.ttc",
            "NotoSansCJKsc-Regular.otf",
            "NotoSansCJKSC-Regular.otf",
        ],
        package: "fonts-noto-cjk",
        role: "黑体",
        required: true,
        serif: false,
        stem_v: 80.0,
    },
    Known {
        family: "Noto Sans CJK SC",
        files: &[
            "NotoSansCJK-Bold.ttc",
            "NotoSansCJKsc-Bold.otf",
            "NotoSansCJKSC-Bold.otf",
        ],
        package: "fonts-noto-cjk",
        role: "粗黑体",
        required: true,
        serif: false,
        stem_v: 140.0,
    },
    Known {
        family: "LXGW WenKai",
        files: &["LXGWWenKai-Regular.ttf"],
        package: "fonts-lxgw-wenkai",
        role: "楷体",
        required: true,
        serif: true,
        stem_v: 70.0,
    },
    Known {
        family: "HanaMinA",
        files: &["HanaMinA.ttf"],
        package: "fonts-hanazono",
        role: "生僻字",
        required: false,
        serif: true,
        stem_v: 60.0,
    },
    Known {
        family: "HanaMinB",
        files: &["HanaMinB.ttf"],
        package: "fonts-hanazono",
        role: "生僻字",
        required: false,
        serif: true,
        stem_v: 60.0,
    },
    Known {
        family: "DejaVu Sans",
        files: &["DejaVuSans.ttf"],
        package: "fonts-dejavu-core",
        role: "符号",
        required: false,
        serif: false,
        stem_v: 80.0,
    },
];

/// Fonts tried for a role, in order.
fn chain(role: FontRole) -> &'static [usize] {
    match role {
        FontRole::Hei => &[HEI, SONG, KAI, HANA_A, HANA_B, DEJAVU],
        FontRole::HeiBold => &[HEI_BOLD, HEI, SONG_BOLD, SONG, KAI, HANA_A, HANA_B, DEJAVU],
        FontRole::Kai => &[KAI, SONG, HEI, HANA_A, HANA_B, DEJAVU],
        FontRole::Song => &[SONG, HEI, KAI, HANA_A, HANA_B, DEJAVU],
        FontRole::SongBold => &[SONG_BOLD, SONG, HEI_BOLD, HEI, KAI, HANA_A, HANA_B, DEJAVU],
    }
}

/// Charstrings by glyph, each made when first asked for.
type Charstrings = Box<[OnceLock<Arc<[u8]>>]>;

/// Simple glyphs by glyph, each made when first asked for.
type SimpleGlyphs = Box<[OnceLock<Arc<SimpleGlyph>>]>;

/// One opened font.
struct Loaded {
    font: Font,
    file: FontFile,
    /// None where they cannot be read.
    glyphs: OnceLock<Option<Glyphs>>,
    scale: f32,
    descriptor: FontDescriptor,
    charstrings: OnceLock<Charstrings>,
    simple_glyphs: OnceLock<SimpleGlyphs>,
    advances: OnceLock<Box<[f32]>>,
}

/// The fonts a process draws with. Make one and share it in an [`Arc`].
pub struct FontBook {
    fonts: Vec<Option<Loaded>>,
    /// Basic multilingual plane: by role and code unit, 0 not yet asked, 1 no font has it, else
    /// `(font + 1) << 16 | glyph`.
    plane0: [Box<[AtomicU32]>; ROLES],
    /// The planes above.
    beyond: RwLock<HashMap<(FontRole, char), u32>>,
}

impl std::fmt::Debug for FontBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let families: Vec<_> = self
            .fonts
            .iter()
            .flatten()
            .map(|font| &font.descriptor.postscript_name)
            .collect();
        f.debug_struct("FontBook")
            .field("fonts", &families)
            .finish_non_exhaustive()
    }
}

impl FontBook {
    /// Finds and opens the fonts. A missing fallback font is no error: characters that only it has
    /// are then refused one by one, with [`FontBook::absent_packages`] as the hint.
    pub fn load(config: &FontConfig) -> Result<FontBook, FontError> {
        let found = file::find(&config.dirs);
        let mut fonts = Vec::with_capacity(KNOWN.len());
        for known in &KNOWN {
            let path = known.files.iter().find_map(|name| found.get(*name));
            let font = match path {
                Some(path) => Some(Loaded::open(known, path)?),
                None if known.required => {
                    return Err(FontError::NotFound {
                        family: known.family,
                        role: known.role,
                        package: known.package,
                        searched: join(&config.dirs),
                    });
                }
                None => None,
            };
            fonts.push(font);
        }
        let plane = || (0..0x1_0000).map(|_| AtomicU32::new(0)).collect();
        Ok(FontBook {
            fonts,
            plane0: std::array::from_fn(|_| plane()),
            beyond: RwLock::new(HashMap::new()),
        })
    }

    /// The book of these directories, opened now or by somebody else in this process who still holds it:
    /// several installations in one process need not pay for its caches twice.
    pub fn shared(config: &FontConfig) -> Result<Arc<FontBook>, FontError> {
        static OPENED: Mutex<BTreeMap<Vec<PathBuf>, Weak<FontBook>>> = Mutex::new(BTreeMap::new());
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(book) = opened.get(&config.dirs).and_then(Weak::upgrade) {
            return Ok(book);
        }
        let book = Arc::new(FontBook::load(config)?);
        opened.insert(config.dirs.clone(), Arc::downgrade(&book));
        Ok(book)
    }

    /// Debian packages that would widen the set of characters and are not installed.
    pub fn absent_packages(&self) -> Vec<&'static str> {
        let absent = KNOWN.iter().zip(&self.fonts).filter(|(_, font)| font.is_none());
        let mut packages: Vec<_> = absent.map(|(known, _)| known.package).collect();
        packages.dedup();
        packages
    }

    /// The glyph for a character in a role's first font that has one. Private-use, control and
    /// variation-selector code points have none: what they mean depends on who wrote them.
    pub fn glyph(&self, role: FontRole, ch: char) -> Option<(FontId, u16)> {
        let code = u32::from(ch);
        if let Some(slot) = self.plane0.get(role as usize).and_then(|p| p.get(code as usize)) {
            let known = slot.load(Ordering::Relaxed);
            if known != 0 {
                return unpack(known);
            }
            let packed = self.search(role, ch);
            slot.store(packed, Ordering::Relaxed);
            return unpack(packed);
        }
        if let Some(packed) = self
            .beyond
            .read()
            .ok()
            .and_then(|map| map.get(&(role, ch)).copied())
        {
            return unpack(packed);
        }
        let packed = self.search(role, ch);
        if let Ok(mut map) = self.beyond.write() {
            map.insert((role, ch), packed);
        }
        unpack(packed)
    }

    /// Horizontal advance in ems.
    pub fn advance(&self, font: FontId, glyph: u16) -> f32 {
        let Some(font) = self.font(font) else {
            return 0.0;
        };
        font.advances().get(usize::from(glyph)).copied().unwrap_or(0.0)
    }

    /// The unhinted outline in ems, y upwards.
    pub fn outline(&self, font: FontId, glyph: u16) -> Vec<Segment> {
        let mut pen = Pen::default();
        if let Some(font) = self.font(font) {
            pen.scale = font.scale;
            font.draw(glyph, &mut pen);
        }
        pen.segments
    }

    /// The outline as a Type 2 charstring in thousandths of the em, its first operand the advance
    /// (for a `nominalWidthX` of 0). TrueType and CFF sources end alike.
    pub fn charstring(&self, font: FontId, glyph: u16) -> Arc<[u8]> {
        let cached = self.font(font).and_then(|font| {
            let slots = font.charstrings.get_or_init(|| {
                let count = font.font.num_glyphs();
                (0..count).map(|_| OnceLock::new()).collect()
            });
            slots.get(usize::from(glyph))
        });
        let make = || -> Arc<[u8]> {
            charstring::encode(self.advance(font, glyph), &self.outline(font, glyph)).into()
        };
        cached.map_or_else(make, |slot| Arc::clone(slot.get_or_init(make)))
    }

    /// The outline as a simple glyph of TrueType. CFF and TrueType sources end alike.
    pub(crate) fn simple_glyph(&self, font: FontId, glyph: u16) -> Arc<SimpleGlyph> {
        let cached = self.font(font).and_then(|font| {
            let slots = font.simple_glyphs.get_or_init(|| {
                let count = font.font.num_glyphs();
                (0..count).map(|_| OnceLock::new()).collect()
            });
            slots.get(usize::from(glyph))
        });
        let make = || {
            Arc::new(quadratic::encode(
                self.advance(font, glyph),
                &self.outline(font, glyph),
            ))
        };
        cached.map_or_else(make, |slot| Arc::clone(slot.get_or_init(make)))
    }

    /// What a document has to say about the font; of the first font for an identifier that is not of
    /// this book.
    pub fn descriptor(&self, font: FontId) -> &FontDescriptor {
        static NONE: FontDescriptor = FontDescriptor {
            postscript_name: String::new(),
            family: String::new(),
            ascent: 880.0,
            descent: -120.0,
            cap_height: 700.0,
            bbox: [0.0, -120.0, 1000.0, 880.0],
            italic_angle: 0.0,
            flags: 4,
            stem_v: 80.0,
        };
        self.font(font).map_or(&NONE, |font| &font.descriptor)
    }

    fn font(&self, id: FontId) -> Option<&Loaded> {
        self.fonts.get(usize::from(id.0))?.as_ref()
    }

    /// Looks through the role's fonts; a glyph whose outline cannot be drawn counts as absent.
    fn search(&self, role: FontRole, ch: char) -> u32 {
        if !is_printable(ch) {
            return 1;
        }
        for &index in chain(role) {
            let Some(font) = self.fonts.get(index).and_then(Option::as_ref) else {
                continue;
            };
            let Some(glyph) = font.font.charmap().map_unicode(ch) else {
                continue;
            };
            let glyph = glyph.to_u32();
            if glyph == 0 || glyph > 0xFFFF || !font.draw(glyph as u16, &mut Pen::default()) {
                continue;
            }
            return (index as u32 + 1) << 16 | glyph;
        }
        1
    }
}

/// True for code points of the private use areas, whose meaning is not Unicode's.
pub(crate) fn is_private_use(ch: char) -> bool {
    matches!(u32::from(ch), 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF)
}

fn is_printable(ch: char) -> bool {
    let selector = matches!(u32::from(ch), 0xFE00..=0xFE0F | 0xE_0100..=0xE_01EF);
    !(is_private_use(ch) || selector || ch.is_control())
}

fn unpack(packed: u32) -> Option<(FontId, u16)> {
    let font = (packed >> 16).checked_sub(1)?;
    Some((FontId(font as u16), packed as u16))
}

fn join(dirs: &[PathBuf]) -> String {
    let dirs: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    dirs.join("、")
}

impl Loaded {
    fn open(known: &Known, path: &Path) -> Result<Loaded, FontError> {
        let unreadable = |source| FontError::Unreadable {
            path: path.to_owned(),
            source,
        };
        for file in file::open(path).map_err(unreadable)? {
            let Some(font) = Font::new(file.source(), 0) else {
                continue;
            };
            if !has_family(&font, known.family) {
                continue;
            }
            let tables = font.tables();
            let fs_type = tables.os2().map_or(0, |os2| os2.fs_type());
            // OpenType OS/2 fsType: 2 restricted, 0x100 no subsetting, 0x200 bitmaps only.
            if fs_type & 0xF == 2 || fs_type & 0x300 != 0 {
                return Err(FontError::EmbeddingForbidden {
                    family: known.family.to_owned(),
                    path: path.to_owned(),
                    fs_type,
                });
            }
            let units = f32::from(font.units_per_em().max(1));
            return Ok(Loaded {
                descriptor: describe(known, &font),
                scale: 1.0 / units,
                font,
                file,
                glyphs: OnceLock::new(),
                charstrings: OnceLock::new(),
                simple_glyphs: OnceLock::new(),
                advances: OnceLock::new(),
            });
        }
        let text = format!("no font of family {}", known.family);
        Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, text)))
    }

    fn advances(&self) -> &[f32] {
        self.advances.get_or_init(|| {
            let metrics = self.font.glyph_metrics();
            (0..self.font.num_glyphs())
                .map(|id| metrics.h_advance(GlyphId::new(id)) * self.scale)
                .collect()
        })
    }

    fn draw(&self, glyph: u16, pen: &mut Pen) -> bool {
        let glyphs = self.glyphs.get_or_init(|| match Glyphs::open(&self.file) {
            Ok(glyphs) => Some(glyphs),
            Err(error) => {
                let font = &self.descriptor.postscript_name;
                tracing::error!(%error, font, "outlines unreadable");
                None
            }
        });
        glyphs.as_ref().is_some_and(|glyphs| glyphs.draw(glyph, pen))
    }
}

fn has_family(font: &Font, family: &str) -> bool {
    let names = font.names();
    [NameId::TYPOGRAPHIC_FAMILY_NAME, NameId::FAMILY_NAME]
        .iter()
        .any(|id| {
            names
                .get(*id)
                .is_some_and(|name| name.iter().any(|n| n.name().chars().eq(family.chars())))
        })
}

fn describe(known: &Known, font: &Font) -> FontDescriptor {
    let metrics = font.metrics();
    let unit = 1000.0 / f32::from(metrics.units_per_em.max(1));
    let postscript: String = font
        .names()
        .get(NameId::POSTSCRIPT_NAME)
        .and_then(|name| name.english_or_first())
        .map(|name| name.name().chars().filter(char::is_ascii_graphic).collect())
        .unwrap_or_default();
    let line = metrics.typo_line.or(metrics.hhea_line);
    // Symbolic (4), for glyphs are chosen by number, and serif (2).
    let flags = 4 | if known.serif { 2 } else { 0 };
    FontDescriptor {
        postscript_name: if postscript.is_empty() {
            known.family.replace(' ', "")
        } else {
            postscript
        },
        family: known.family.to_owned(),
        ascent: line.map_or(880.0, |line| line.ascender.to_f64() as f32 * unit),
        descent: line.map_or(-120.0, |line| line.descender.to_f64() as f32 * unit),
        cap_height: metrics.cap_height.map_or(700.0, |h| h.to_f64() as f32 * unit),
        bbox: [
            metrics.bounds.x_min,
            metrics.bounds.y_min,
            metrics.bounds.x_max,
            metrics.bounds.y_max,
        ]
        .map(|v| v.to_f64() as f32 * unit),
        italic_angle: 0.0,
        flags,
        stem_v: known.stem_v,
    }
}

/// Collects an outline in ems; quadratic curves become the equal cubic ones.
#[derive(Default)]
struct Pen {
    segments: Vec<Segment>,
    scale: f32,
    at: (f32, f32),
}

impl PathSink for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = (x, y);
        self.segments.push(Segment::Move(x * self.scale, y * self.scale));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.at = (x, y);
        self.segments.push(Segment::Line(x * self.scale, y * self.scale));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (px, py) = self.at;
        let third = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
        self.curve_to(third(px, cx), third(py, cy), third(x, cx), third(y, cy), x, y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.at = (x, y);
        let s = self.scale;
        self.segments
            .push(Segment::Cubic(ax * s, ay * s, bx * s, by * s, x * s, y * s));
    }

    fn close(&mut self) {
        self.segments.push(Segment::Close);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn book() -> FontBook {
        FontBook::load(&FontConfig::default()).unwrap()
    }

    #[test]
    fn roles_use_their_own_font_and_fall_back_for_rare_characters() {
        let book = book();
        let (song, _) = book.glyph(FontRole::Song, '证').unwrap();
        let (kai, _) = book.glyph(FontRole::Kai, '证').unwrap();
        assert_eq!(book.descriptor(song).family, "Noto Serif CJK SC");
        assert_eq!(book.descriptor(kai).family, "LXGW WenKai");
        // CJK Extension B, C and E, as found in names of people.
        for rare in ['𠅤', '𪨊', '\u{2B820}', '㛃'] {
            for _ in 0..2 {
                let (font, glyph) = book.glyph(FontRole::Song, rare).unwrap();
                assert!(!book.outline(font, glyph).is_empty(), "{rare}");
                assert!((book.advance(font, glyph) - 1.0).abs() < 0.01);
            }
        }
    }

    #[test]
    fn private_use_and_control_characters_have_no_glyph() {
        let book = book();
        for ch in [
            '\u{E000}',
            '\u{F0000}',
            '\n',
            '\u{FE00}',
            '\u{E0100}',
            '\u{10FFFD}',
        ] {
            assert_eq!(book.glyph(FontRole::Song, ch), None, "{:x}", u32::from(ch));
        }
    }

    #[test]
    fn charstrings_are_made_once_for_both_kinds_of_source() {
        let book = book();
        for role in [FontRole::Song, FontRole::Kai] {
            let (font, glyph) = book.glyph(role, '鑫').unwrap();
            let first = book.charstring(font, glyph);
            assert_eq!(first.last(), Some(&14));
            assert!(first.len() < 1500, "{}", first.len());
            assert!(Arc::ptr_eq(&first, &book.charstring(font, glyph)));
        }
    }

    #[test]
    fn a_missing_font_names_the_package() {
        let empty = tempfile::tempdir().unwrap();
        let config = FontConfig {
            dirs: vec![empty.path().to_owned()],
        };
        let error = FontBook::load(&config).unwrap_err();
        assert!(error.to_string().contains("fonts-noto-cjk"), "{error}");
    }

    #[test]
    fn outlines_fill_the_em_square() {
        let book = book();
        let (font, glyph) = book.glyph(FontRole::Kai, '国').unwrap();
        let outline = book.outline(font, glyph);
        let top = outline.iter().filter_map(|s| match s {
            Segment::Line(_, y) | Segment::Cubic(.., y) => Some(*y),
            _ => None,
        });
        let top = top.fold(f32::MIN, f32::max);
        assert!(top > 0.6 && top < 1.0, "{top}");
    }
}

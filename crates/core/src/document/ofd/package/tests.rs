//! Packages as they should be, as vendors make them, and as somebody makes them who wants two readings of one file.

#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read as _, Write as _};

use flate2::{Compression, write::DeflateEncoder};
use zip::ZipArchive;

use super::*;

/// A member to be packed.
#[derive(Clone)]
pub(in super::super) struct Part {
    name: Vec<u8>,
    content: Vec<u8>,
    method: u16,
    flags: u16,
    extra: Vec<u8>,
    external: u32,
    /// With a data descriptor: with its signature, or without.
    descriptor: Option<bool>,
}

impl Part {
    pub(in super::super) fn new(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            content: content.as_ref().to_vec(),
            method: 8,
            flags: 1 << 11,
            extra: Vec::new(),
            external: 0,
            descriptor: None,
        }
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }

    fn numbers(&self) -> [u32; 3] {
        let crc = if self.name.ends_with(b"/") {
            0
        } else {
            crc32fast::hash(&self.content)
        };
        [
            crc,
            self.packed().len().try_into().unwrap(),
            self.content.len().try_into().unwrap(),
        ]
    }

    /// What both headers have from the flags on to the extra field.
    fn header(&self, numbers: [u32; 3]) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [self.flags, self.method, 0, 0] {
            out.extend(number.to_le_bytes());
        }
        for number in numbers {
            out.extend(number.to_le_bytes());
        }
        for length in [self.name.len(), self.extra.len()] {
            out.extend(u16::try_from(length).unwrap().to_le_bytes());
        }
        out
    }

    pub(in super::super) fn local(&self) -> Vec<u8> {
        let mut out = b"PK\x03\x04\x14\x00".to_vec();
        let stated = if self.descriptor.is_some() {
            [0; 3]
        } else {
            self.numbers()
        };
        out.extend(self.header(stated));
        out.extend(&self.name);
        out.extend(&self.extra);
        out.extend(self.packed());
        if let Some(with_signature) = self.descriptor {
            out.extend(with_signature.then_some(*b"PK\x07\x08").into_iter().flatten());
            out.extend(self.numbers().into_iter().flat_map(u32::to_le_bytes));
        }
        out
    }

    fn central(&self, at: usize) -> Vec<u8> {
        let mut out = b"PK\x01\x02\x14\x03\x14\x00".to_vec();
        out.extend(self.header(self.numbers()));
        out.extend([0; 6]);
        out.extend(self.external.to_le_bytes());
        out.extend(u32::try_from(at).unwrap().to_le_bytes());
        out.extend(&self.name);
        out.extend(&self.extra);
        out
    }
}

/// An archive put together from what it should not be put together from.
#[derive(Default)]
pub(in super::super) struct Archive {
    locals: Vec<u8>,
    central: Vec<u8>,
    count: u16,
}

impl Archive {
    pub(in super::super) fn of(parts: &[Part]) -> Self {
        let mut archive = Self::default();
        for part in parts {
            archive.add(part);
        }
        archive
    }

    fn add(&mut self, part: &Part) {
        self.list(part, self.locals.len());
        self.locals.extend(part.local());
    }

    /// An entry of the directory for something that stands somewhere.
    fn list(&mut self, part: &Part, at: usize) {
        self.central.extend(part.central(at));
        self.count += 1;
    }

    pub(in super::super) fn bytes(&self) -> Vec<u8> {
        self.with_end(b"", 0)
    }

    fn with_end(&self, comment: &[u8], shift: usize) -> Vec<u8> {
        let mut out = self.locals.clone();
        out.extend(&self.central);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(self.count.to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend(u32::try_from(self.central.len()).unwrap().to_le_bytes());
        out.extend(u32::try_from(self.locals.len() + shift).unwrap().to_le_bytes());
        out.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
        out.extend(comment);
        out
    }
}

fn two() -> [Part; 2] {
    [
        Part::new("OFD.xml", "<OFD/>"),
        Part::new("Doc_0/图.xml", "x".repeat(900)),
    ]
}

/// Why a package is refused.
fn refusal(bytes: &[u8]) -> String {
    match Package::open(bytes) {
        Ok(package) => {
            let unread = package.members().find_map(|member| package.read(member).err());
            unread.expect("the package is refused").to_string()
        }
        Err(error) => error.to_string(),
    }
}

fn assert_refused(bytes: &[u8], why: &str) {
    let refusal = refusal(bytes);
    assert!(refusal.contains(why), "{refusal} is not about: {why}");
}

/// Members as the crate `zip` reads them.
pub(in super::super) fn judge(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        if file.is_file() {
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            found.push((file.name().unwrap().into_owned(), content));
        }
    }
    found.sort();
    found
}

fn ours(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let package = Package::open(bytes).unwrap();
    let members = package.members();
    let mut found: Vec<(String, Vec<u8>)> = members
        .map(|member| {
            (
                package.name(member).to_owned(),
                package.read(member).unwrap().to_vec(),
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn good_packages_are_read_as_others_read_them() {
    let folder = Part {
        content: Vec::new(),
        ..Part::new("Doc_0/", "")
    };
    let [one, two] = two();
    let stored = Part {
        method: 0,
        ..Part::new("a.png", b"\x89PNG PK\x03\x04")
    };
    let described = |with| Part {
        descriptor: Some(with),
        flags: 1 << 11 | 1 << 3,
        ..Part::new(if with { "b" } else { "c" }, "described behind")
    };
    let bytes = Archive::of(&[folder, one, stored, described(true), described(false), two]).bytes();
    assert_eq!(ours(&bytes), judge(&bytes));
    let package = Package::open(&bytes).unwrap();
    assert_eq!(package.members().count(), 5, "a folder is no member");
    assert_eq!(*package.deviations(), Deviations::default());
    assert_eq!(package.find("doc_0/图.XML"), None);
    assert_eq!(
        package.find_any_case("doc_0/图.XML"),
        package.find("Doc_0/图.xml")
    );
}

#[test]
fn what_vendors_add_is_named() {
    let plain = Archive::of(&two());
    let prefixed = [b"KG\0\0".as_slice(), &plain.bytes()].concat();
    let package = Package::open(&prefixed).unwrap();
    assert!(package.deviations().has(DeviationKind::BytesBefore));
    assert_eq!(ours(&prefixed), ours(&plain.bytes()));

    let commented = plain.with_end(b"KRC", 0);
    assert!(
        Package::open(&commented)
            .unwrap()
            .deviations()
            .has(DeviationKind::ArchiveComment)
    );

    let mut spaced = Archive::default();
    let [one, two] = two();
    spaced.add(&one);
    spaced.locals.extend(b"padding");
    spaced.add(&two);
    let spaced = spaced.bytes();
    assert!(
        Package::open(&spaced)
            .unwrap()
            .deviations()
            .has(DeviationKind::BytesBetween)
    );

    // The name in the encoding of a Chinese system, unmarked.
    let gbk = Part {
        flags: 0,
        ..Part::new(b"Doc_0/\xC7\xA9\xD5\xC2.xml", "")
    };
    let gbk = Archive::of(&[gbk]).bytes();
    let package = Package::open(&gbk).unwrap();
    assert!(package.find("Doc_0/签章.xml").is_some());
    assert!(package.deviations().has(DeviationKind::NameEncoding));
}

#[test]
fn a_file_with_two_directories_or_hidden_members_is_refused() {
    let plain = Archive::of(&two());
    let hidden = Part::new("hidden", "seen by readers from the front").local();
    assert_refused(
        &[hidden.clone(), plain.bytes()].concat(),
        "header that the directory does not have",
    );

    let mut between = Archive::default();
    let [one, two] = two();
    between.add(&one);
    between.locals.extend(&hidden);
    between.add(&two);
    assert_refused(&between.bytes(), "header that the directory does not have");

    let other = Archive::of(&[Part::new("OFD.xml", "<Other/>")]).bytes();
    assert_refused(&plain.with_end(&other, 0), "the directory does not have");
    assert_refused(&[plain.bytes(), b"more".to_vec()].concat(), "data behind the end");
    assert_refused(&[plain.bytes(), vec![0; 70_000]].concat(), "data behind it");

    // The end record leads to one directory where nothing is shifted, to another where it is.
    let shift = plain.bytes().len();
    let second = [plain.bytes(), plain.bytes()].concat();
    assert!(Package::open(&second).is_err(), "shifted by {shift}");

    let mut overlapping = Archive::of(std::slice::from_ref(&one));
    overlapping.list(&one, 0);
    assert_refused(&overlapping.bytes(), "overlap");
    let mut more = plain.bytes();
    let counts = more.len() - 14;
    more[counts] = 1;
    more[counts + 2] = 1;
    assert_refused(&more[..], "more in the directory");
    let mut beyond = Archive::default();
    beyond.list(&one, 5_000_000);
    assert_refused(&beyond.bytes(), "cut off");
}

#[test]
fn headers_that_contradict_each_other_are_refused() {
    let [one, _] = two();
    let differing = |local: &Part, why: &str| {
        let mut archive = Archive::default();
        archive.list(&one, 0);
        archive.locals.extend(local.local());
        assert_refused(&archive.bytes(), why);
    };
    differing(&Part::new("OFD.xmL", "<OFD/>"), "names differ");
    differing(&Part::new("OFD.xml", "<ofd/>"), "sizes or checksum differ");
    differing(
        &Part {
            method: 0,
            ..one.clone()
        },
        "flags or method differ",
    );
    // What the flag says of an ASCII name is nothing, of another everything.
    let unmarked = |name: &str| {
        let mut archive = Archive::default();
        archive.list(&Part::new(name, ""), 0);
        let local = Part {
            flags: 0,
            ..Part::new(name, "")
        };
        archive.locals.extend(local.local());
        archive.bytes()
    };
    assert_refused(&unmarked("图"), "flags or method differ");
    let ascii = unmarked("a.xml");
    assert!(
        Package::open(&ascii)
            .unwrap()
            .deviations()
            .has(DeviationKind::HeaderFlags)
    );
    let path = |name: &[u8]| {
        let length = u16::try_from(name.len() + 5).unwrap().to_le_bytes();
        [b"\x75\x70", &length[..], b"\x01\0\0\0\0", name].concat()
    };
    let renamed = Part {
        extra: path(b"other.xml"),
        ..one.clone()
    };
    differing(&renamed, "two different names");
    assert_refused(&Archive::of(&[renamed]).bytes(), "two different names");
    let same = Part {
        extra: path(b"OFD.xml"),
        ..one.clone()
    };
    assert!(Package::open(&Archive::of(&[same]).bytes()).is_ok());
    let broken = Part {
        extra: b"\x01\0\x09\0".to_vec(),
        ..one.clone()
    };
    assert_refused(&Archive::of(&[broken]).bytes(), "malformed extra field");

    let described = Part {
        descriptor: Some(true),
        flags: 1 << 11 | 1 << 3,
        ..one
    };
    let mut bytes = Archive::of(std::slice::from_ref(&described)).bytes();
    let size = described.local().len() - 4;
    bytes[size] ^= 1;
    assert_refused(&bytes, "does not fit its headers");
    let unbounded = Part {
        method: 0,
        ..described
    };
    assert_refused(&Archive::of(&[unbounded]).bytes(), "with its length behind it");
}

#[test]
fn names_that_are_one_somewhere_are_refused() {
    let pairs = [
        ("a.xml", "a.xml", "given twice"),
        ("Doc_0/a.xml", "Doc_0/A.XML", "take for another"),
        ("é.xml", "e\u{301}.xml", "take for another"),
        ("a.xml", "a.xml. ", "take for another"),
        ("a", "a/b", "folder that is a file"),
        ("a/", "A", "take for another"),
    ];
    for (one, other, why) in pairs {
        assert_refused(
            &Archive::of(&[Part::new(one, ""), Part::new(other, "")]).bytes(),
            why,
        );
    }
    let bad = [
        ("", "empty or dotted"),
        ("a//b", "empty or dotted"),
        ("../a", "empty or dotted"),
        ("a/./b", "empty or dotted"),
        ("a/..", "empty or dotted"),
        ("/a", "root or drive"),
        ("C:a", "root or drive"),
        ("a\\b", "backslash"),
        ("a\0b", "control"),
    ];
    for (name, why) in bad {
        assert_refused(&Archive::of(&[Part::new(name, "")]).bytes(), why);
    }
    assert_refused(&Archive::of(&[Part::new(b"\xFF\xFE", "")]).bytes(), "not UTF-8");
    assert_refused(
        &Archive::of(&[Part::new("n/".repeat(40), "")]).bytes(),
        "too many folders",
    );
    assert_refused(
        &Archive::of(&[Part::new("n".repeat(2_000), "")]).bytes(),
        "too long",
    );
}

#[test]
fn what_only_some_readers_can_read_is_refused() {
    let [one, _] = two();
    let cases = [
        (
            Part {
                flags: 1 << 11 | 1,
                ..one.clone()
            },
            "encrypted",
        ),
        (
            Part {
                flags: 1 << 11 | 1 << 13,
                ..one.clone()
            },
            "encrypted",
        ),
        (
            Part {
                flags: 1 << 5,
                ..one.clone()
            },
            "differently",
        ),
        (
            Part {
                method: 12,
                ..one.clone()
            },
            "another way",
        ),
        (
            Part {
                external: 0xA1FF_0000,
                ..one.clone()
            },
            "symbolic link",
        ),
        (Part::new("folder/", "content"), "folder with content"),
    ];
    for (part, why) in cases {
        assert_refused(&Archive::of(&[part]).bytes(), why);
    }
    let mut zip64 = Archive::of(&[one]);
    zip64.count = u16::MAX;
    assert_refused(&zip64.bytes(), "ZIP64");
    zip64.count = 1;
    zip64
        .central
        .extend([b"PK\x06\x07".as_slice(), &[0; 16]].concat());
    assert_refused(&zip64.bytes(), "ZIP64");
    assert_eq!(Package::open(b"%PDF-1.7").unwrap_err(), OfdError::NotPackage);
    assert_eq!(Package::open(b"").unwrap_err(), OfdError::NotPackage);
}

#[test]
fn content_is_what_its_headers_say() {
    let good = Part::new("a", "content that is long enough to be packed");
    let at = good.local().len() - 3;
    let mut flipped = Archive::of(std::slice::from_ref(&good)).bytes();
    flipped[at] ^= 0x10;
    assert!(refusal(&flipped).contains('a'));
    let stored = Part { method: 0, ..good };
    let mut flipped = Archive::of(std::slice::from_ref(&stored)).bytes();
    flipped[at] ^= 0x10;
    assert_refused(&flipped, "checksum");

    // A deflate stream that ends before its member does: a reader that goes by the stream goes on there.
    let inner = Part::new("a", "content");
    let mut trailing = inner.packed();
    trailing.extend(b"more");
    let raw = Part {
        method: 0,
        content: trailing,
        ..Part::new("a", "")
    };
    let mut bytes = Archive::of(std::slice::from_ref(&raw)).bytes();
    let sizes = u32::try_from(inner.content.len()).unwrap().to_le_bytes();
    let crc = crc32fast::hash(&inner.content).to_le_bytes();
    for header in [4, raw.local().len() + 6] {
        bytes[header + 4] = 8;
        bytes[header + 10..header + 14].copy_from_slice(&crc);
        bytes[header + 18..header + 22].copy_from_slice(&sizes);
    }
    assert_refused(&bytes, "damaged deflate stream");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let large = Part::new("a", vec![0; MAX_INFLATED_STREAM + 1]);
    assert_refused(&Archive::of(&[large]).bytes(), "bytes of a member");
    let growing = Part::new("a", vec![0; MAX_OFD_UNJUDGED + 1]);
    assert_refused(&Archive::of(&[growing]).bytes(), "growth of a member");
    let one = Part::new("0", vec![0; MAX_OFD_UNJUDGED]);
    let many: Vec<Part> = (0..129)
        .map(|number| Part {
            name: format!("{number}").into_bytes(),
            ..one.clone()
        })
        .collect();
    assert_refused(&Archive::of(&many).bytes(), "bytes of all members");
    let mut crowd = Archive::default();
    for number in 0..=MAX_OFD_MEMBERS {
        crowd.add(&Part {
            method: 0,
            ..Part::new(number.to_string(), "")
        });
    }
    assert_refused(&crowd.bytes(), "members");
}

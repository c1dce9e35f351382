//! E-seals (电子印章): what a seal is, how its maker vouches for it, and when it may sign.
//!
//! ```text
//!  SealDefinition ──Seal::make──▶ bytes (COSE_Sign1 by the seal maker) ──▶ register
//!  impression drawn once                                                     │
//!  verdict ◀──may_sign(register entry, seal, signer, now)── Seal ◀──verify── SignedSeal::parse
//! ```
//!
//! A seal carries its picture as outlines, not as the recipe of it: what was registered is what is
//! stamped, whatever fonts and drawing code come later. Whether a seal is suspended or destroyed is
//! not written in it; that the register knows, and [`may_sign`] joins the two.
//!
//! Seals of the national standards are another form: [`ses`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{codes::CreditCode, face::Drawing};

mod definition;
mod envelope;
pub mod impression;
mod permission;
pub mod ses;

pub use definition::{MAX_SIGNERS, SealCode, SealDefinition};
pub use envelope::{SealError, SignedSeal};
pub use permission::{Refusal, RegisterEntry, SealStatus, may_be_used, may_sign};

/// An e-seal whose maker's signature was checked, or that was just made.
#[derive(Debug, Clone, PartialEq)]
pub struct Seal {
    definition: SealDefinition,
    made_at: Timestamp,
}

impl Seal {
    /// Number of the seal.
    pub fn code(&self) -> &SealCode {
        &self.definition.code
    }

    /// Name of the seal (示范市教育局电子证照专用章).
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Legal name of the owner.
    pub fn owner(&self) -> &str {
        &self.definition.owner
    }

    /// The owner's unified social credit code.
    pub fn owner_code(&self) -> &CreditCode {
        &self.definition.owner_code
    }

    /// What it is for.
    pub fn kind(&self) -> SealKind {
        self.definition.kind
    }

    /// The picture in true size: filled paths only.
    pub fn impression(&self) -> &Drawing {
        &self.definition.impression
    }

    /// First instant in force.
    pub fn not_before(&self) -> Timestamp {
        self.definition.not_before
    }

    /// Last instant in force.
    pub fn not_after(&self) -> Timestamp {
        self.definition.not_after
    }

    /// SHA-256 of the DER of each signer certificate that may use the seal, in ascending order.
    pub fn signers(&self) -> &[[u8; 32]] {
        &self.definition.signers
    }

    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// Everything it was made from, to make its successor (a renewed signer certificate needs one).
    pub fn definition(&self) -> &SealDefinition {
        &self.definition
    }

    /// Whether the signer certificate may use the seal, given by the SHA-256 of its DER.
    pub fn permits(&self, signer_certificate: &[u8; 32]) -> bool {
        self.signers().binary_search(signer_certificate).is_ok()
    }

    /// Whether its dates allow signing at this instant; both ends belong to it.
    pub fn in_force_at(&self, at: Timestamp) -> bool {
        (self.not_before()..=self.not_after()).contains(&at)
    }
}

/// What a seal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SealKind {
    /// 电子证照专用章: certificates and nothing else.
    Licence,
    /// 法定名称章: the authority itself.
    Official,
}

impl SealKind {
    /// What the trade calls it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Licence => "电子证照专用章",
            Self::Official => "法定名称章",
        }
    }

    /// Its key in type definitions and files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Licence => "licence",
            Self::Official => "official",
        }
    }

    /// The kind with this key.
    pub fn by_key(key: &str) -> Option<Self> {
        [Self::Licence, Self::Official]
            .into_iter()
            .find(|kind| kind.key() == key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::LazyLock;

    use super::{
        impression::{ImpressionSpec, draw},
        *,
    };
    use crate::{
        crypto::{SigningIdentity, x509},
        face::{Color, FontBook, FontConfig, Item, Segment, Stroke},
        qr::token::tests::identity,
    };

    static BOOK: LazyLock<FontBook> = LazyLock::new(|| FontBook::load(&FontConfig::default()).unwrap());
    static MAKER: LazyLock<SigningIdentity> = LazyLock::new(|| identity("Test seal maker"));
    static SIGNER: LazyLock<SigningIdentity> = LazyLock::new(|| identity("Test signer"));

    const OWNER: &str = "示范市示范区教育局";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn definition() -> SealDefinition {
        let spec = ImpressionSpec::department(OWNER).with_purpose("电子证照专用章");
        SealDefinition {
            code: SealCode::compose("410000", 17).unwrap(),
            name: "示范市示范区教育局电子证照专用章".to_owned(),
            owner: OWNER.to_owned(),
            owner_code: CreditCode::compose("11", "410000", "MB090000").unwrap(),
            kind: SealKind::Licence,
            impression: draw(&spec, &BOOK).unwrap(),
            not_before: at("2026-01-01T00:00:00+08:00"),
            not_after: at("2030-12-31T23:59:59+08:00"),
            signers: vec![
                [0xFF; 32],
                x509::fingerprint(&SIGNER.certificate),
                [0; 32],
                [0xFF; 32],
            ],
        }
    }

    fn made() -> Vec<u8> {
        Seal::make(definition(), at("2026-01-01T08:00:00.5+08:00"), &MAKER).unwrap()
    }

    fn refused(change: impl FnOnce(&mut SealDefinition)) -> SealError {
        let mut definition = definition();
        change(&mut definition);
        Seal::make(definition, at("2026-01-01T08:00:00+08:00"), &MAKER).unwrap_err()
    }

    #[test]
    fn what_was_made_is_what_is_read() {
        let bytes = made();
        let signed = SignedSeal::parse(&bytes).unwrap();
        assert_eq!(signed.maker_chain(), [MAKER.certificate.to_vec()]);
        let seal = signed.verify(&MAKER.certificate).unwrap();
        let wanted = definition();
        assert_eq!(seal.code().as_str(), "41000000000017");
        assert_eq!(seal.code().region(), "410000");
        assert_eq!((seal.name(), seal.owner()), (wanted.name.as_str(), OWNER));
        assert_eq!(seal.owner_code(), &wanted.owner_code);
        assert_eq!(seal.kind(), SealKind::Licence);
        assert_eq!(seal.impression(), &wanted.impression);
        assert_eq!(seal.signers().len(), 3, "in order, each once");
        assert_eq!(seal.made_at(), at("2026-01-01T00:00:00Z"));
        // A successor is made from its predecessor, picture and all, without any font.
        let again = Seal::make(seal.definition().clone(), seal.made_at(), &MAKER).unwrap();
        assert_eq!(SignedSeal::parse(&again).unwrap().unverified(), seal);
        assert!(bytes.len() < 40 << 10, "{} bytes", bytes.len());
    }

    #[test]
    fn a_chain_of_issuers_travels_with_the_seal() {
        let maker = SigningIdentity {
            issuers: [vec![0x30, 0], vec![0x30, 1, 2]].into_iter().collect(),
            ..MAKER.clone()
        };
        let bytes = Seal::make(definition(), at("2026-01-01T00:00:00Z"), &maker).unwrap();
        let signed = SignedSeal::parse(&bytes).unwrap();
        assert_eq!(signed.maker_chain().len(), 3);
        assert!(signed.verify(&MAKER.certificate).is_ok());
        let long = SigningIdentity {
            issuers: vec![vec![0x30, 0]; 6].into(),
            ..MAKER.clone()
        };
        let error = Seal::make(definition(), at("2026-01-01T00:00:00Z"), &long).unwrap_err();
        assert_eq!(error.code(), "seal-header");
    }

    #[test]
    fn no_byte_can_be_changed_cut_or_added() {
        let bytes = made();
        // Every byte of header, fields and signature; a sample of the outlines.
        let positions = (0..1_400)
            .chain((1_400..bytes.len() - 80).step_by(37))
            .chain(bytes.len() - 80..bytes.len());
        for position in positions {
            for change in [1, 0x80] {
                let mut other = bytes.clone();
                other[position] ^= change;
                let believed =
                    SignedSeal::parse(&other).is_ok_and(|seal| seal.verify(&MAKER.certificate).is_ok());
                assert!(!believed, "byte {position} xor {change:02x}");
            }
        }
        for len in (0..bytes.len()).step_by(61) {
            assert!(SignedSeal::parse(&bytes[..len]).is_err(), "cut to {len}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(SignedSeal::parse(&longer).is_err());
    }

    #[test]
    fn only_the_maker_it_names_is_believed() {
        let bytes = made();
        let signed = SignedSeal::parse(&bytes).unwrap();
        let code = |error: SealError| error.code();
        assert_eq!(
            code(signed.verify(&SIGNER.certificate).unwrap_err()),
            "seal-other-maker"
        );
        // The test certificates are valid from 2025 to 2034.
        let early = Seal::make(definition(), at("2024-12-31T00:00:00Z"), &MAKER).unwrap_err();
        assert_eq!(code(early), "seal-maker-not-valid");
        assert_eq!(code(SignedSeal::parse(b"").unwrap_err()), "seal-not-a-seal");
        assert_eq!(
            code(SignedSeal::parse(&vec![0xD2; 1 << 20]).unwrap_err()),
            "seal-too-large"
        );
        // A face token is a COSE_Sign1 too, and no seal.
        let token = crate::qr::token::sign(&crate::qr::token::tests::token(), &MAKER).unwrap();
        assert!(SignedSeal::parse(&token).is_err());
    }

    #[test]
    fn definitions_that_break_a_rule_are_refused_by_field() {
        let field = |error: SealError| match error {
            SealError::BadField { field, .. } => field,
            other => panic!("{other}"),
        };
        assert_eq!(field(refused(|d| d.name.clear())), "name");
        assert_eq!(field(refused(|d| d.owner = "示范\n局".to_owned())), "owner");
        assert_eq!(field(refused(|d| d.owner = "局".repeat(101))), "owner");
        assert_eq!(field(refused(|d| d.not_after = d.not_before)), "validity");
        assert_eq!(field(refused(|d| d.signers.clear())), "signers");
        assert_eq!(
            field(refused(|d| d.signers = (0..65).map(|i| [i; 32]).collect())),
            "signers"
        );
        assert_eq!(field(refused(|d| d.impression.items.clear())), "impression");
        assert_eq!(field(refused(|d| d.impression.width = 80.0)), "impression");
        for bad in [
            "",
            "4100000000017",
            "4100000000001X",
            "41000000000017\n",
            "４１０００００００００００１",
        ] {
            assert!(SealCode::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SealCode::compose("410000", 123_456_789).is_err());
    }

    #[test]
    fn a_seal_read_from_bytes_obeys_the_same_rules() {
        // Signed by its maker, and still no seal: rules are not the maker's to bend.
        let mut bent = definition().settle().unwrap();
        bent.owner = "示范\u{7}局".to_owned();
        let content = definition::write(&bent, at("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(definition::read(&content).unwrap_err().code(), "seal-bad-field");
        let unsorted = definition::write(&definition(), at("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(
            definition::read(&unsorted).unwrap_err().code(),
            "seal-not-canonical"
        );
        let mut newer = unsorted.clone();
        newer[2] = 2;
        assert_eq!(definition::read(&newer).unwrap_err().code(), "seal-newer-version");
        let code = definition().owner_code;
        let place = unsorted
            .windows(18)
            .position(|w| w == code.as_str().as_bytes())
            .unwrap();
        let mut wrong_code = unsorted;
        wrong_code[place + 17] ^= 1;
        assert_eq!(
            definition::read(&wrong_code).unwrap_err().code(),
            "seal-owner-code"
        );
    }

    #[test]
    fn a_picture_that_would_not_survive_or_leaves_its_box_is_refused() {
        let with_first_path = |change: fn(&mut crate::face::Path)| {
            refused(|d| {
                if let Some(Item::Path(path)) = d.impression.items.first_mut() {
                    change(path);
                }
            })
            .code()
        };
        for change in [
            (|path| path.alpha = 0.5) as fn(&mut crate::face::Path),
            |path| path.fill = None,
            |path| {
                path.stroke = Some(Stroke {
                    color: Color(0, 0, 0),
                    width: 0.1,
                    dash: Vec::new(),
                });
            },
            |path| path.segments.push(Segment::Line(50.0, 1.0)),
            |path| path.segments.push(Segment::Line(f32::NAN, 1.0)),
            |path| path.segments.push(Segment::Line(1.000_4, 1.0)),
            |path| path.segments.insert(0, Segment::Close),
        ] {
            assert_eq!(with_first_path(change), "seal-bad-field");
        }
    }

    #[test]
    fn a_seal_out_of_force_signs_nothing_and_the_refusal_says_why() {
        let bytes = made();
        let signed = SignedSeal::parse(&bytes).unwrap();
        let seal = signed.verify(&MAKER.certificate).unwrap();
        let now = at("2026-11-21T08:00:00Z");
        let entry = |state| RegisterEntry {
            code: "41000000000017".to_owned(),
            state,
            since: at("2026-05-01T00:00:00Z"),
            reason: "印章遗失".to_owned(),
        };
        let good = entry(SealStatus::InForce);
        let ask = |entry: Option<&RegisterEntry>, signer: &[u8], now| {
            may_sign(entry, seal, signer, now).map_err(|refusal| refusal.code())
        };
        assert_eq!(ask(Some(&good), &SIGNER.certificate, now), Ok(()));
        for end in [seal.not_before(), seal.not_after()] {
            assert_eq!(ask(Some(&good), &SIGNER.certificate, end), Ok(()));
        }
        assert_eq!(ask(None, &SIGNER.certificate, now), Err("seal-not-registered"));
        let other = RegisterEntry {
            code: "41000000000018".to_owned(),
            ..good.clone()
        };
        assert_eq!(
            ask(Some(&other), &SIGNER.certificate, now),
            Err("seal-not-registered")
        );
        assert_eq!(
            ask(Some(&entry(SealStatus::Suspended)), &SIGNER.certificate, now),
            Err("seal-suspended")
        );
        assert_eq!(
            ask(Some(&entry(SealStatus::Destroyed)), &SIGNER.certificate, now),
            Err("seal-destroyed")
        );
        assert_eq!(
            ask(Some(&good), &MAKER.certificate, now),
            Err("seal-signer-not-permitted")
        );
        let early = at("2025-12-31T23:59:59+08:00");
        assert_eq!(
            ask(Some(&good), &SIGNER.certificate, early),
            Err("seal-not-yet-valid")
        );
        let late = at("2031-01-01T00:00:00+08:00");
        assert_eq!(ask(Some(&good), &SIGNER.certificate, late), Err("seal-expired"));
        let text = may_sign(
            Some(&entry(SealStatus::Suspended)),
            seal,
            &SIGNER.certificate,
            now,
        )
        .unwrap_err()
        .to_string();
        assert!(
            text.contains("41000000000017") && text.contains("印章遗失"),
            "{text}"
        );
    }
}

//! Seals certificates with sample values as OFD, and writes the same faces as PDF beside them, to look at.
//!
//! ```text
//! certseal --home HOME init …; certseal --home HOME key national
//! CERTSEAL_PASSPHRASE=… cargo run -p certseal-core --example ofds -- HOME OUT_FOLDER [TYPE…]
//! ```
//!
//! With `v5` among the types seals and signatures follow GM/T 0031-2025, with `continued` further seals may follow and one
//! does, and with `bench` one type is sealed a thousand times and nothing is written.

use std::{error::Error, io::Write as _, path::Path, sync::Arc, time::Instant};

use certseal_core::{
    catalogue::CertificateType,
    clock::civil_date,
    codes,
    crypto::{KeyFolder, Passphrase},
    document::{
        ofd::write::{
            AddSealError, FaceFile, NewSeal, OfdParts, PreparedOfd, Protection, StampPlace, add_seal,
        },
        pdf::{DocumentInfo, PreparedParts, PreparedPdf},
    },
    face::Rect,
    home::{Home, NationalSealOrder},
    issue::national_signer,
    issue::{Workshop, identifier_for},
    qr::{symbol, text, token},
    seal::{
        Seal, SignedSeal,
        ses::{SesSeal, WrittenVersion},
    },
    sign::ses::SesSigner,
};
use jiff::Timestamp;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let home = Home::open(Path::new(&arguments.next().ok_or("which installation?")?))?;
    let out = arguments.next().ok_or("which folder?")?;
    let mut wanted: Vec<String> = arguments.collect();
    let mut flag = |name: &str| {
        let before = wanted.len();
        wanted.retain(|word| word != name);
        wanted.len() < before
    };
    let shop = Shop {
        workshop: home.workshop()?,
        keys: KeyFolder::unlocked(
            &home.keys_path(),
            Passphrase::new(std::env::var("CERTSEAL_PASSPHRASE")?)?,
        ),
        seals: home.seals()?,
        version: if flag("v5") {
            WrittenVersion::V5
        } else {
            WrittenVersion::V4
        },
        is_continued: flag("continued"),
        is_bench: flag("bench"),
        now: Timestamp::now(),
        home: &home,
    };
    for own in shop.workshop.catalogue.types() {
        if wanted.is_empty() || wanted.contains(&own.key) {
            shop.make(own, Path::new(&out))?;
        }
    }
    Ok(())
}

struct Shop<'a> {
    home: &'a Home,
    workshop: Workshop,
    keys: KeyFolder,
    seals: Vec<Vec<u8>>,
    version: WrittenVersion,
    is_continued: bool,
    is_bench: bool,
    now: Timestamp,
}

impl Shop<'_> {
    fn make(&self, own: &Arc<CertificateType>, out: &Path) -> Outcome<()> {
        // 1. The face.
        let typesetter = self.workshop.typesetter(own)?;
        let issuer = typesetter.issuer();
        let data = own
            .check(&own.sample(), civil_date(self.now))
            .map_err(|errors| format!("{}: {errors:?}", own.key))?;
        let number = data.number.clone().unwrap_or_else(|| "419901000001".to_owned());
        let identifier = identifier_for(own, issuer, &number, None)?;
        let json = data.face_json(&identifier, &number, issuer);
        let bytes = json.to_bytes();
        let masked = data.holder_code.as_deref().map(codes::mask_code);
        let claims = token::FaceToken::of_face(
            &data,
            &identifier,
            &number,
            &issuer.code,
            masked,
            &bytes,
            self.now,
        );
        let link = text::encode(
            "zz.example.gov.cn",
            &token::sign(&claims, &*self.keys.identity("token")?)?,
        );
        let code = symbol::encode(&link)?;
        let mut face = typesetter
            .lay_out(&data, &identifier, &number)
            .map_err(|errors| format!("{}: {errors:?}", own.key))?;
        face.place_qr(code.dark, code.width)?;

        // 2. The seal of its department.
        let registered = self.registered(&issuer.code, &own.seal)?;
        let seal = self.national(registered.unverified())?;
        let signer = SesSigner::new(&seal, &*self.keys.identity(&national_signer(&own.department))?)?;
        let prepared = PreparedOfd::new(OfdParts {
            base: &face.base,
            seal: &signer.seal_file(),
            seal_center: face.seal_center,
            fonts: &self.workshop.fonts,
            protection: if self.is_continued {
                Protection::Continued
            } else {
                Protection::Whole
            },
        })?;
        let info = DocumentInfo {
            identifier: &identifier,
            title: &own.name,
            author: &issuer.name,
            certificate_type: &own.key,
            number: &number,
            created: self.now,
            signer_name: &issuer.name,
            reason: "电子证照签章",
            location: None,
        };
        let file = FaceFile {
            data: &data,
            json: &json,
            bytes: &bytes,
        };
        let mut stdout = std::io::stdout();
        let make = || -> Outcome<Vec<u8>> {
            let unsealed = prepared.write(&face, &info, &file)?;
            Ok(unsealed.seal(|document| signer.sign(&document.into()))?.bytes)
        };
        let mut ofd = make()?;
        if self.is_bench {
            let begin = Instant::now();
            for _ in 0..1_000 {
                make()?;
            }
            writeln!(
                stdout,
                "{} {} bytes, {} shared, {:?} for 1,000",
                own.key,
                ofd.len(),
                prepared.shared_bytes(),
                begin.elapsed()
            )?;
            return Ok(());
        }
        if self.is_continued {
            ofd = self.sealed_again(&ofd, own, face.base.height)?;
        }

        // 3. The same face as PDF, unsigned.
        let pdf = PreparedPdf::new(PreparedParts {
            base: &face.base,
            seal: registered.unverified().impression(),
            seal_center: face.seal_center,
            fonts: &self.workshop.fonts,
        })?;
        let pdf = pdf.write(&face, &info, &bytes, 64)?.embed(&[])?;
        let name = format!("{:02}-{}", own.seq, own.key);
        writeln!(stdout, "{name} {} bytes as OFD, {} as PDF", ofd.len(), pdf.len())?;
        std::fs::write(out.join(format!("{name}.ofd")), ofd)?;
        std::fs::write(out.join(format!("{name}.pdf")), pdf)?;
        Ok(())
    }

    /// With the seal of another department in the lower left corner.
    fn sealed_again(&self, ofd: &[u8], own: &CertificateType, page_height: f32) -> Outcome<Vec<u8>> {
        let mut departments = self.home.config().departments.iter();
        let other = departments.find(|department| department.key != own.department);
        let other = other.ok_or("no other department")?;
        let registered = self.registered(&other.code, &own.seal)?;
        let seal = self.national(registered.unverified())?;
        let signer = SesSigner::new(&seal, &*self.keys.identity(&national_signer(&other.key))?)?;
        let stamp = StampPlace {
            page: 1,
            boundary: Rect {
                x: 30.0,
                y: page_height - 75.0,
                w: signer.seal_file().width,
                h: signer.seal_file().height,
            },
            clip: None,
        };
        let new = NewSeal {
            seal: &signer.seal_file(),
            stamps: &[stamp],
            at: self.now,
            protection: Protection::Continued,
        };
        let sealed = add_seal::<Failed>(ofd, &new, |document| Ok(signer.sign(&document.into())?))?;
        Ok(sealed.bytes)
    }

    fn registered(&self, owner: &str, kind: &str) -> Outcome<SignedSeal> {
        let read = |bytes: &Vec<u8>| SignedSeal::parse(bytes).ok();
        let mut seals = self.seals.iter().filter_map(read);
        let found = seals.find(|seal| {
            let seal = seal.unverified();
            seal.owner_code().as_str() == owner && seal.kind().key() == kind
        });
        Ok(found.ok_or("no such seal")?)
    }

    fn national(&self, of: &Seal) -> Outcome<Vec<u8>> {
        let order = NationalSealOrder {
            of,
            version: self.version,
            kind: None,
            picture: None,
            by_digest: false,
        };
        let bytes = self.home.make_national_seal(&order, &self.keys, self.now)?;
        SesSeal::parse(&bytes)?;
        Ok(bytes)
    }
}

/// Why no seal was added.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Add(#[from] AddSealError),
    #[error(transparent)]
    Sign(#[from] certseal_core::seal::ses::SesMakeError),
}

//! Electronic certificates (电子证照) and e-seals (电子印章): issuing, sealing, verifying, recognising.
//!
//! ```text
//!  catalogue ──▶ face ──▶ document ──▶ seal/sign ──▶ registry ──▶ verify ──▶ recognise
//!  what may be   fields    PDF          e-seal,       events,      verdict     accepted
//!  issued        on art    with a slot  signature     log          with why    here?
//! ```
//!
//! One direction, no way back: a module knows the modules on its left, never those on its right.
//! [`issue`] runs the forward path for one request or a million; [`verify`] runs the way back from
//! bytes nobody vouches for.

pub mod backfill;
pub mod catalogue;
pub mod clock;
pub mod codes;
pub mod crypto;
pub mod document;
pub mod face;
pub mod files;
pub mod home;
pub mod issue;
#[cfg(test)]
mod judges;
pub mod limits;
pub mod longterm;
pub mod os_error;
pub mod profile;
pub mod qr;
mod recent;
pub mod recognise;
pub mod registry;
pub mod remark;
pub mod render;
pub mod report;
pub mod seal;
pub mod sign;
mod tlv;
pub mod trust;
pub mod verify;

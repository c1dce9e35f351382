//! The QR code on every face: a token signed on its own, its text, its symbol and its picture.
//!
//! Takes what the face shows; gives dark modules for the page, and the way back from a photo.
//!
//! ```text
//!  FaceToken ──sign──▶ COSE_Sign1 ──▶ [deflate] ──▶ https://host/v#digits ──▶ modules ──▶ page
//!   token               RFC 9052                     text                      symbol
//!  FaceToken ◀─verify─ SignedToken ◀─ [inflate] ◀── Scanned ◀── text ◀──────── picture ◀── photo
//! ```
//!
//! The digits stand behind `#`, so a phone camera opens the page and the server never sees them.

pub mod picture;
pub mod symbol;
pub mod text;
pub mod token;

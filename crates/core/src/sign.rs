//! Signatures over documents: making them with a signing identity, and reading what others made.
//!
//! | part | gives |
//! |---|---|
//! | [`cms`] | CMS SignedData for PAdES B-B: [`CmsSigner`](cms::CmsSigner) makes, [`SignedCms`](cms::SignedCms) reads and checks |
//! | [`gbt35275`] | SignedData of GB/T 35275, in both forms that live: reads and checks |
//! | [`ses`] | SES_Signature of GM/T 0031 and GB/T 38540: [`SesSigner`](ses::SesSigner) makes, [`SesSignature`](ses::SesSignature) reads and checks |
//! | [`signed_value`] | which of these the signature of an OFD is |
//! | [`timestamp`] | RFC 3161: requests, responses and tokens; the authority that answers |

pub mod cms;
pub mod gbt35275;
pub mod ses;
pub mod signed_value;
pub mod timestamp;

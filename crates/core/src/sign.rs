//! Signatures over documents: making them with a signing identity, and reading what others made.
//!
//! | part | gives |
//! |---|---|
//! | [`cms`] | CMS SignedData for PAdES B-B: [`CmsSigner`](cms::CmsSigner) makes, [`SignedCms`](cms::SignedCms) reads and checks |
//! | [`timestamp`] | RFC 3161: requests, responses and tokens; the authority that answers |

pub mod cms;
pub mod timestamp;

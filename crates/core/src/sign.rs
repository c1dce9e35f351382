//! Signatures over documents: making them with a signing identity, and reading what others made.
//!
//! | part | gives |
//! |---|---|
//! | [`cms`] | CMS SignedData for PAdES B-B: [`CmsSigner`](cms::CmsSigner) makes, [`SignedCms`](cms::SignedCms) reads and checks |

pub mod cms;

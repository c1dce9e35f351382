//! Trust: who is known, by which anchors, and whether an X.509 certificate leads to one of them.
//!
//! | part | gives |
//! |---|---|
//! | [`existence`] | by when certificates and revocation data are proven to have existed |
//! | [`list`] | the signed list of authorities and what each may issue |
//! | [`load`] | certificates and revocation data from files and folders |
//! | [`path`] | path validation from a certificate to an anchor, at an instant, for a usage |
//! | [`revocation`] | revocation lists and answers of OCSP responders, and what they say about a certificate |
//! | [`timestamp`] | the time a timestamp proves |
//! | [`wanted`] | what was missing, and where it can be had |
//! | [`work`] | how much of what a stranger brings is looked at |

pub mod existence;
pub mod list;
pub mod load;
pub mod path;
pub mod revocation;
pub mod timestamp;
pub mod wanted;
pub mod work;

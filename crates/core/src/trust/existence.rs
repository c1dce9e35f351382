//! By when certificates and revocation data are proven to have existed.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// By when pieces are proven to have existed, each known by the SHA-256 of its DER. Any other is known to exist now, and
/// no earlier: that somebody kept it proves nothing to anybody else.
#[derive(Debug, Clone, Default)]
pub struct Existence(BTreeMap<[u8; 32], Timestamp>);

impl Existence {
    /// Where nothing is proven.
    pub const UNPROVEN: &'static Self = &Self(BTreeMap::new());

    /// Takes in that a piece existed by an instant; the earliest counts.
    pub fn prove(&mut self, digest: [u8; 32], by: Timestamp) {
        let known = self.0.entry(digest).or_insert(by);
        *known = by.min(*known);
    }

    /// By when a piece existed.
    pub(super) fn of(&self, digest: &[u8; 32], now: Timestamp) -> Timestamp {
        self.0.get(digest).map_or(now, |by| now.min(*by))
    }
}

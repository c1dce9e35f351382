//! RFC 6962 hashing over tiles of 256 hashes.
//!
//! Tile `(level, index)` holds the roots of 256 neighbouring subtrees of `256^level` leaves each, so
//! level 0 holds leaf hashes. Only full tiles are ever stored; the right edge is a [`Tree`] in memory,
//! rebuilt from at most 255 entries a level. A proof over 10^8 leaves reads at most a handful of tiles.

use std::sync::Arc;

use crate::crypto::sha256_of;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;
const TILE_HEIGHT: u32 = 8;

/// Hash of a leaf (RFC 6962 §2.1).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256_of(&[&[0], leaf])
}

/// Hash of an inner node (RFC 6962 §2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256_of(&[&[1], left, right])
}

/// Root of the empty tree (RFC 6962 §2.1).
pub fn empty_root() -> Hash {
    sha256_of(&[])
}

/// A tile that has just become full and wants storing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Level, 0 for leaf hashes.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
    /// Its 256 hashes, one after the other.
    pub bytes: Vec<u8>,
}

/// The right edge of a growing tree: what is needed to append and to tell the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Entries of the unfinished tile of each level.
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// Rebuilds the edge of a tree of `size` leaves. `entries(level, from, to)` gives the hashes
    /// `from..to` of a level: leaf hashes at level 0, roots of full tiles of the level below above it.
    pub fn rebuild<E>(
        size: u64,
        mut entries: impl FnMut(u8, u64, u64) -> Result<Vec<Hash>, E>,
    ) -> Result<Self, E> {
        let mut edge = Vec::new();
        let mut count = size;
        let mut level = 0;
        while count > 0 {
            let from = count - count % TILE_WIDTH as u64;
            edge.push(entries(level, from, count)?);
            count /= TILE_WIDTH as u64;
            level += 1;
        }
        Ok(Self { size, edge })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash; tiles that became full are pushed to `full`.
    pub fn push(&mut self, leaf: Hash, full: &mut Vec<FullTile>) {
        let mut carry = leaf;
        let mut count = self.size;
        self.size += 1;
        for level in 0u8.. {
            if self.edge.len() <= usize::from(level) {
                self.edge.push(Vec::with_capacity(TILE_WIDTH));
            }
            let Some(tile) = self.edge.get_mut(usize::from(level)) else {
                return;
            };
            tile.push(carry);
            if tile.len() < TILE_WIDTH {
                return;
            }
            carry = perfect_root(tile);
            full.push(FullTile {
                level,
                index: count / TILE_WIDTH as u64,
                bytes: tile.concat(),
            });
            tile.clear();
            count /= TILE_WIDTH as u64;
        }
    }

    /// The tree head.
    pub fn root(&self) -> Hash {
        // Every level's entries are the binary digits of the size, largest subtree leftmost; fold them
        // from the right, smallest first.
        let mut head: Option<Hash> = None;
        for tile in &self.edge {
            let mut end = tile.len();
            while end > 0 {
                let width = 1 << end.trailing_zeros();
                let left = perfect_root(tile.get(end - width..end).unwrap_or_default());
                head = Some(head.map_or(left, |right| node_hash(&left, &right)));
                end -= width;
            }
        }
        head.unwrap_or_else(empty_root)
    }

    /// The unfinished tile `index` of `level`, if that is the unfinished one.
    pub fn edge_tile(&self, level: u8, index: u64) -> Option<&[Hash]> {
        let count = self.size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
        (count / TILE_WIDTH as u64 == index)
            .then(|| self.edge.get(usize::from(level)).map(Vec::as_slice))
            .flatten()
    }
}

/// Splits the bytes of a stored tile.
pub fn tile_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    if bytes.len() != TILE_WIDTH * 32 {
        return None;
    }
    bytes
        .chunks_exact(32)
        .map(|chunk| chunk.try_into().ok())
        .collect()
}

/// Root over a power of two of hashes.
pub fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(&perfect_root(left), &perfect_root(right))
        }
    }
}

/// Audit path of leaf `index` in the tree of `size` leaves, nearest sibling first. `tile` gives the
/// hashes of a tile, at least as many as the tree of `size` leaves has in it.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    tile: &mut impl FnMut(u8, u64) -> Result<Arc<[Hash]>, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(middle, end, tile)?);
            end = middle;
        } else {
            path.push(range_root(start, middle, tile)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Proof that the tree of `from` leaves is a prefix of the tree of `to` leaves.
pub fn consistency<E>(
    from: u64,
    to: u64,
    tile: &mut impl FnMut(u8, u64) -> Result<Arc<[Hash]>, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if from == 0 || from >= to {
        return Ok(path);
    }
    let (mut start, mut end) = (0, to);
    let mut whole = true; // the old tree's root is known to the verifier
    while from != end {
        let middle = start + split(end - start);
        if from <= middle {
            path.push(range_root(middle, end, tile)?);
            end = middle;
        } else {
            path.push(range_root(start, middle, tile)?);
            start = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range_root(start, end, tile)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` proves that `leaf` (a leaf hash) is leaf `index` of the tree `(size, root)`.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    // RFC 9162 §2.1.3.2.
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the tree `(from, old)` is a prefix of the tree `(to, new)`.
pub fn verify_consistency(from: u64, old: &Hash, to: u64, new: &Hash, path: &[Hash]) -> bool {
    if from > to {
        return false;
    }
    if from == to {
        return path.is_empty() && old == new;
    }
    if from == 0 {
        return path.is_empty() && *old == empty_root();
    }
    // RFC 9162 §2.1.4.2.
    let mut rest = path.iter();
    let first = if from.is_power_of_two() {
        *old
    } else {
        match rest.next() {
            Some(first) => *first,
            None => return false,
        }
    };
    let (mut node, mut last) = (from - 1, to - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old && new_hash == *new
}

/// Largest power of two below `n`, for `n` ≥ 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Root over the leaves `start..end`, where `start` is aligned as RFC 6962's recursion aligns it.
fn range_root<E>(
    start: u64,
    end: u64,
    tile: &mut impl FnMut(u8, u64) -> Result<Arc<[Hash]>, E>,
) -> Result<Hash, E> {
    let count = end - start;
    if !count.is_power_of_two() {
        let middle = start + split(count);
        let left = range_root(start, middle, tile)?;
        let right = range_root(middle, end, tile)?;
        return Ok(node_hash(&left, &right));
    }
    let height = count.trailing_zeros();
    let level = height / TILE_HEIGHT;
    let entry = start >> (TILE_HEIGHT * level);
    let hashes = tile(level as u8, entry / TILE_WIDTH as u64)?;
    let at = (entry % TILE_WIDTH as u64) as usize;
    let width = 1usize << (height % TILE_HEIGHT);
    Ok(perfect_root(hashes.get(at..at + width).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::HashMap;
    use std::convert::Infallible;

    use super::*;

    /// RFC 6962 §2.1 word for word.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => empty_root(),
            1 => leaves[0],
            n => {
                let k = split(n as u64) as usize;
                node_hash(&naive(&leaves[..k]), &naive(&leaves[k..]))
            }
        }
    }

    fn naive_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let k = split(leaves.len() as u64) as usize;
        let (mut path, sibling) = if m < k {
            (naive_path(m, &leaves[..k]), naive(&leaves[k..]))
        } else {
            (naive_path(m - k, &leaves[k..]), naive(&leaves[..k]))
        };
        path.push(sibling);
        path
    }

    struct Grown {
        tree: Tree,
        tiles: HashMap<(u8, u64), Arc<[Hash]>>,
        leaves: Vec<Hash>,
    }

    fn grow(n: usize) -> Grown {
        let mut tree = Tree::default();
        let mut full = Vec::new();
        let leaves: Vec<Hash> = (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        for leaf in &leaves {
            tree.push(*leaf, &mut full);
        }
        let tiles = full
            .into_iter()
            .map(|t| ((t.level, t.index), tile_hashes(&t.bytes).unwrap().into()))
            .collect();
        Grown { tree, tiles, leaves }
    }

    impl Grown {
        #[allow(clippy::unnecessary_wraps, reason = "shaped as the proofs call it")]
        fn tile(&self, level: u8, index: u64) -> Result<Arc<[Hash]>, Infallible> {
            Ok(match self.tree.edge_tile(level, index) {
                Some(edge) => edge.into(),
                None => self.tiles[&(level, index)].clone(),
            })
        }
    }

    #[test]
    fn roots_agree_with_the_definition() {
        for n in (0..20).chain([255, 256, 257, 511, 512, 513, 1000, 65535, 65536, 65537, 70001]) {
            let grown = grow(n);
            assert_eq!(grown.tree.root(), naive(&grown.leaves), "size {n}");
        }
    }

    #[test]
    fn published_vectors_hold() {
        assert_eq!(
            hex::encode(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex::encode(leaf_hash(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn a_rebuilt_tree_is_the_same_tree() {
        for n in [0usize, 1, 255, 256, 257, 66000] {
            let grown = grow(n);
            let rebuilt = Tree::rebuild(n as u64, |level, from, to| {
                Ok::<_, Infallible>(
                    (from..to)
                        .map(|i| match level {
                            0 => grown.leaves[i as usize],
                            _ => perfect_root(&grown.tiles[&(level - 1, i)]),
                        })
                        .collect(),
                )
            })
            .unwrap();
            assert_eq!(rebuilt.root(), grown.tree.root());
            assert_eq!(rebuilt.size(), grown.tree.size());
        }
    }

    #[test]
    fn proofs_check_for_random_sizes() {
        let mut seed = 42u64;
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let grown = grow(3000);
        let mut tile = |level, index| grown.tile(level, index);
        for _ in 0..300 {
            let size = 1 + random(3000);
            let index = random(size);
            let leaves = &grown.leaves[..size as usize];
            let root = naive(leaves);
            let path = inclusion(index, size, &mut tile).unwrap();
            assert_eq!(path, naive_path(index as usize, leaves));
            let leaf = &grown.leaves[index as usize];
            assert!(verify_inclusion(leaf, index, size, &path, &root));
            assert!(!verify_inclusion(&root, index, size, &path, &root) || size == 1);
            assert!(!verify_inclusion(leaf, index + 1, size, &path, &root));
            if let Some((_, shorter)) = path.split_last() {
                assert!(!verify_inclusion(leaf, index, size, shorter, &root));
            }

            let from = random(size + 1);
            let old = naive(&grown.leaves[..from as usize]);
            let proof = consistency(from, size, &mut tile).unwrap();
            assert!(
                verify_consistency(from, &old, size, &root, &proof),
                "{from} in {size}"
            );
            assert!(from == 0 || from == size || !verify_consistency(from, &root, size, &old, &proof));
        }
    }
}

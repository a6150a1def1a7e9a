//! A Merkle tree that only grows, as RFC 6962 section 2.1 has it, kept as the roots of its whole
//! subtrees: enough to add leaves and to know the root, in 32 bytes for each bit of the size.

use ring::digest::{SHA256, digest};

/// SHA-256 of a subtree.
pub(super) type Hash = [u8; 32];

/// The tree of all leaves so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Frontier {
    size: u64,
    /// From the largest subtree to the smallest: one for each bit that is set in `size`.
    nodes: Vec<Hash>,
}

impl Frontier {
    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut node = hash(0, &[leaf]);
        let mut rest = self.size;
        while rest & 1 == 1
            && let Some(left) = self.nodes.pop()
        {
            node = hash(1, &[&left, &node]);
            rest >>= 1;
        }
        self.nodes.push(node);
        self.size += 1;
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else { return sha256(&[]) };
        nodes.fold(*last, |right, left| hash(1, &[left, &right]))
    }

    /// The subtrees as text: 64 hexadecimal digits each.
    pub fn nodes_hex(&self) -> String {
        self.nodes.iter().map(hex::encode).collect()
    }

    /// Reads it back; `None` when the text is not that of a tree of this size.
    pub fn parse(size: u64, text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok()?;
        let (nodes, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && nodes.len() == usize::try_from(size.count_ones()).ok()?;
        fits.then(|| Self { size, nodes: nodes.to_vec() })
    }
}

/// Leaves and nodes begin differently, so that neither passes for the other.
fn hash(kind: u8, parts: &[&[u8]]) -> Hash {
    let bytes: Vec<u8> = std::iter::once(kind).chain(parts.concat()).collect();
    sha256(&bytes)
}

/// The hash of bytes.
pub(super) fn sha256(bytes: &[u8]) -> Hash {
    let mut sum = [0; 32];
    for (target, byte) in sum.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *target = *byte;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the RFC defines it, from all leaves at once.
    fn defined(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [leaf] => hash(0, &[leaf]),
            _ => {
                let left = leaves.len().next_power_of_two() / 2;
                hash(1, &[&defined(&leaves[..left]), &defined(&leaves[left..])])
            }
        }
    }

    #[test]
    fn the_root_of_a_growing_tree_is_that_of_the_definition() {
        let leaves: Vec<Vec<u8>> = (0..70_u8).map(|number| vec![number; usize::from(number)]).collect();
        let mut tree = Frontier::default();
        for count in 0..=leaves.len() {
            assert_eq!(tree.root(), defined(&leaves[..count]), "{count} leaves");
            assert_eq!(Frontier::parse(tree.size(), &tree.nodes_hex()), Some(tree.clone()));
            if let Some(leaf) = leaves.get(count) {
                tree.push(leaf);
            }
        }
    }

    #[test]
    fn roots_are_those_that_other_logs_publish() {
        // Test vectors of Certificate Transparency's reference implementation: the empty tree and the
        // tree of the one empty leaf.
        assert_eq!(hex::encode(Frontier::default().root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let mut tree = Frontier::default();
        tree.push(b"");
        assert_eq!(hex::encode(tree.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }

    #[test]
    fn a_text_of_another_size_is_no_tree() {
        let mut tree = Frontier::default();
        (0..3_u8).for_each(|number| tree.push(&[number]));
        let text = tree.nodes_hex();
        for (size, text) in [(1, text.as_str()), (4, text.as_str()), (7, text.as_str()), (3, &text[..127]), (3, "zz"), (3, "")] {
            assert_eq!(Frontier::parse(size, text), None, "{size} {text}");
        }
    }
}

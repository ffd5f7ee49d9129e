//! Summaries of a stream of values in bounded memory. Two of them merge into one of both streams, so that each thread
//! can have its own.

mod days;
mod distinct;
mod frequent;
mod moments;
mod quantiles;
mod ranked;

pub(crate) use days::Days;
pub(crate) use distinct::Distinct;
pub(crate) use frequent::Frequent;
pub(crate) use moments::Moments;
pub(crate) use quantiles::Quantiles;
pub(crate) use ranked::Ranked;

/// A number's bits, mixed (the finalizer of SplitMix64, Steele, Lea and Flood 2014). Different numbers stay different.
#[inline]
pub(crate) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The hash of bytes, the same on any machine.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let folded = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let mut hash = bytes.len() as u64 ^ 0xa076_1d64_78bd_642f;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = folded(
            hash ^ u64::from_le_bytes(*word),
            0xe703_7ed1_a0b4_28db ^ hash.rotate_left(32),
        );
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mixed(hash ^ mixed(u64::from_le_bytes(last)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn near_texts_have_different_hashes() {
        let mut seen = HashSet::new();
        for length in 0..60 {
            for last in 0..=255 {
                let mut bytes = vec![b'a'; length];
                bytes.push(last);
                assert!(seen.insert(hash_bytes(&bytes)), "{bytes:?}");
            }
        }
    }
}

//! Texts that are written differently and mean the same, and long texts that are almost the same.

use super::looked::{Column, Looked, examples, of, sql_name};
use crate::error::Result;
use aloft_spec::{Finding, FindingCode, Severity, text::thousands};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Texts with so many words on average are compared by their words, shorter ones by their letters.
const LONG_TEXT_WORDS: usize = 8;
/// Bits in which the hashes of two long texts may differ.
const MOST_BITS: u32 = 3;
/// Texts that share a quarter of their hash, and are compared pair by pair, at most.
const MOST_COMPARED: usize = 64;
/// Different texts that are looked at.
const MOST_TEXTS: usize = 20_000;

/// At most one finding.
pub(super) fn findings(looked: &Looked, column: &Column<'_>) -> Result<Vec<Finding>> {
    let Some(texts) = column.texts()? else {
        return Ok(Vec::new());
    };
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut order: Vec<&str> = Vec::new();
    for text in texts.iter().flatten() {
        let count = counts.entry(text).or_insert(0);
        if *count == 0 {
            order.push(text);
        }
        *count += 1;
    }
    order.truncate(MOST_TEXTS);
    if order.len() < 2 {
        return Ok(Vec::new());
    }
    let words: usize = order.iter().map(|text| text.split_whitespace().count()).sum();
    if words / order.len() >= LONG_TEXT_WORDS {
        return Ok(almost_equal(looked, column.name, &order).into_iter().collect());
    }
    Ok(spelled_differently(looked, column.name, &order, &counts)
        .into_iter()
        .collect())
}

/// Values that are the same without case, blanks and punctuation.
fn spelled_differently(
    looked: &Looked,
    name: &str,
    order: &[&str],
    counts: &HashMap<&str, usize>,
) -> Option<Finding> {
    let mut spellings: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for text in order {
        let bare = bare(text);
        // Letters alone: what tells 1.5 from 15 is punctuation.
        if bare.chars().any(char::is_alphabetic) && !text.chars().any(|c| c.is_ascii_digit()) {
            spellings.entry(bare).or_default().push(text);
        }
    }
    spellings.retain(|_, texts| texts.len() > 1);
    let (_, example) = spellings.iter().max_by_key(|(bare, texts)| {
        (
            texts.iter().map(|text| counts[text]).sum::<usize>(),
            std::cmp::Reverse(*bare),
        )
    })?;
    // An identifier like `aB3` and `Ab3` is spelled as it is on purpose.
    if spellings.len() * 2 > order.len() && order.len() > 20 {
        return None;
    }
    let rows: usize = spellings.values().flatten().map(|text| counts[text]).sum();
    let sql = sql_name(name);
    Some(looked.finding(
        FindingCode::NearDuplicateTexts,
        Severity::Warning,
        &[name],
        format!(
            "`{name}` spells {} in more than one way, in {}: {}",
            if spellings.len() == 1 {
                "a value".to_owned()
            } else {
                format!("{} values", thousands(spellings.len() as u64))
            },
            of(rows, looked.rows(), "rows"),
            examples(example.iter().copied())
        ),
        format!("one spelling for all: `LOWER(TRIM({sql})) AS {sql}`, or REPLACE where a letter differs"),
    ))
}

/// A text without case, blanks and punctuation.
fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Long texts that share nearly all of their words' neighbourhoods.
fn almost_equal(looked: &Looked, name: &str, order: &[&str]) -> Option<Finding> {
    let hashes: Vec<u64> = order.iter().map(|text| sim_hash(text)).collect();
    let mut twins = HashSet::new();
    let mut example = None;
    // Two hashes that differ in three bits are equal in one of four quarters.
    for quarter in 0..4 {
        let mut buckets: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (index, hash) in hashes.iter().enumerate() {
            buckets
                .entry((hash >> (16 * quarter)) as u16)
                .or_default()
                .push(index);
        }
        for bucket in buckets.values() {
            for (at, &a) in bucket.iter().enumerate() {
                for &b in bucket.iter().skip(at + 1).take(MOST_COMPARED) {
                    if (hashes[a] ^ hashes[b]).count_ones() <= MOST_BITS {
                        twins.insert(a);
                        twins.insert(b);
                        example = example.or(Some((a, b)));
                    }
                }
            }
        }
    }
    let (a, b) = example?;
    Some(looked.finding(
        FindingCode::NearDuplicateTexts,
        Severity::Info,
        &[name],
        format!(
            "{} of `{name}` are almost the same as another: {}",
            of(twins.len(), order.len(), "different texts"),
            examples([order[a], order[b]])
        ),
        "keep one of each before you split the rows: what a model has nearly seen, it seems to know",
    ))
}

/// A hash of which few bits change when few words do (Charikar, 2002), of all runs of three words.
fn sim_hash(text: &str) -> u64 {
    let words: Vec<String> = text.split_whitespace().map(bare).collect();
    let mut balance = [0_i32; 64];
    for run in words.windows(3.min(words.len().max(1))) {
        let hash = blake3::hash(run.join(" ").as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_bytes()[..8]);
        let bits = u64::from_le_bytes(bytes);
        for (bit, balance) in balance.iter_mut().enumerate() {
            *balance += if bits >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    let set = balance.iter().enumerate().filter(|(_, balance)| **balance > 0);
    set.fold(0, |hash, (bit, _)| hash | 1 << bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_change_few_bits() {
        let text = |last: &str| {
            let words: Vec<String> = (0..60).map(|word| format!("word{word}")).collect();
            format!("{} {last}", words.join(" "))
        };
        let near = (sim_hash(&text("one")) ^ sim_hash(&text("two"))).count_ones();
        let far = (sim_hash(&text("one"))
            ^ sim_hash("something else altogether that has nothing to do with it"))
        .count_ones();
        assert!(near <= 8 && far > 12, "{near} and {far}");
        assert_eq!(sim_hash("A b c d"), sim_hash("a, b c d!"));
        assert_eq!(bare("New-York "), "newyork");
    }
}

//! Texts that repeat.

use super::{Encoding, Fitted, one_value};
use aloft_spec::text::thousands;
use polars::prelude::StringChunked;
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::HashMap};

/// Most values that get a place of their own; the rarer ones share the bucket of unknown values.
const MOST_VALUES: usize = 1000;
/// From so many training rows on, a value that occurs once is rare.
const LARGE_TABLE: usize = 1000;
/// Texts of which more than this share are distinct name rows rather than kinds of rows.
const ID_LIKE: f64 = 0.9;
/// Fewer rows than this say nothing about whether texts name rows.
const ID_LIKE_FROM: usize = 30;

/// A fitted column of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Values by falling frequency, equally frequent ones by name: value `i` has the code `i + 1`, all others 0.
    pub values: Vec<String>,
}

impl Category {
    pub(super) fn fit(texts: &StringChunked) -> Fitted {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for text in texts.iter().flatten() {
            *counts.entry(text).or_default() += 1;
        }
        let known = texts.len() - texts.null_count();
        let distinct = counts.len();
        if known >= ID_LIKE_FROM && distinct as f64 > ID_LIKE * known as f64 {
            return Fitted::LeftOut(format!(
                "it has {} different texts in {} rows, like a name or an id",
                thousands(distinct as u64),
                thousands(known as u64)
            ));
        }
        if distinct == 1 && known == texts.len() {
            let only = counts.keys().next().copied().unwrap_or_default();
            return one_value(format_args!("`{only}`"), known);
        }
        let least = if texts.len() >= LARGE_TABLE { 2 } else { 1 };
        let mut values: Vec<(&str, usize)> =
            counts.into_iter().filter(|(_, count)| *count >= least).collect();
        values.sort_unstable_by_key(|(text, count)| (Reverse(*count), *text));
        values.truncate(MOST_VALUES);
        let values = values.into_iter().map(|(text, _)| text.to_owned()).collect();
        Fitted::Kept(Encoding::Category(Self { values }))
    }

    /// The code of each text; 0 for those that are missing or weren't kept.
    pub(super) fn codes(&self, texts: &StringChunked) -> Vec<u32> {
        let codes: HashMap<&str, u32> = self.values.iter().map(String::as_str).zip(1..).collect();
        texts
            .iter()
            .map(|text| text.and_then(|text| codes.get(text).copied()).unwrap_or(0))
            .collect()
    }
}

//! What may be wrong with data: findings with a reason and a way out.

use crate::{DataClass, Severity, table::Extent};
use serde::{Deserialize, Serialize};

/// What kind of finding this is. The window and scripts branch on it, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingCode {
    /// Values that look like data about persons: addresses, numbers of phones, cards, accounts, national ids.
    PersonalData,
    /// A feature that all but equals the target.
    Leakage,
    /// Copies of a row that a random split would put on both sides.
    SplitOverlap,
    /// Rows of one table that are also in another.
    Overlap,
    /// Rows that occur more than once.
    DuplicateRows,
    /// Rows that are equal but for one column.
    NearDuplicateRows,
    /// Texts that are almost the same, or the same but for case, blanks and punctuation.
    NearDuplicateTexts,
    /// Dates that can hardly be meant: long ago, to come, or stand-ins such as 9999-12-31.
    DateOutOfRange,
    /// Numbers and words in one column.
    MixedTypes,
    /// Numbers in a column of texts.
    NumbersAsText,
    /// Dates in a column of texts.
    DatesAsText,
    /// Dates in several formats in one column.
    MixedDateFormats,
    /// The same value in all rows, or none.
    Constant,
    /// The same value in almost all rows.
    NearlyConstant,
    /// A different value in each row.
    Identifier,
    /// A class of the target with few rows.
    Imbalance,
    /// Values that are spread otherwise than in another table.
    Drift,
    /// Categories that another table doesn't have.
    NewCategories,
}

/// Something that may be wrong with a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind it is.
    pub code: FindingCode,
    /// How bad it is; findings in data are never errors.
    pub severity: Severity,
    /// The columns that it is about.
    pub columns: Vec<String>,
    /// What was seen, with its numbers, in a sentence without a full stop.
    pub message: String,
    /// A way out, with the SQL or TOML that takes it where there is one.
    pub hint: String,
    /// The class that the data should have at least, where that is higher than the one it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<DataClass>,
    /// Which rows it was seen in.
    pub extent: Extent,
}

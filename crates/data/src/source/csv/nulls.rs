//! Texts that mean "no value".
//!
//! Some mean it wherever they stand (`NA`, `NULL`). Others (`-`, `?`) mean it where all other values of a column are
//! numbers, dates or truth values; in a column of texts they are texts.

/// Texts that mean "no value" in any column.
const SURE: [&str; 11] = [
    "NA", "N/A", "#N/A", "NULL", "null", "<NA>", "\\N", "NaN", "nan", "#NULL!", "NaT",
];
/// Texts that mean it among values of another kind.
const UNSURE: [&str; 14] = [
    "-", "--", "?", ".", "*", "None", "none", "n/a", "na", "Null", "nil", "missing", "unknown", "-nan",
];

/// Which texts of a file mean "no value", worked out while its values go by.
#[derive(Debug, Clone)]
pub(super) struct Nulls {
    /// What the key `null_values` says; then nothing is guessed.
    given: Option<Vec<String>>,
    /// Which of [`SURE`] were met, one bit each.
    sure: u32,
    /// Which of [`UNSURE`] were met in each column.
    unsure: Vec<u32>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Value,
    /// No value.
    Null,
    /// No value if the other values of its column are of another kind than text.
    PerhapsNull,
}

impl Nulls {
    pub(super) fn new(given: Option<Vec<String>>, columns: usize) -> Self {
        Self {
            given,
            sure: 0,
            unsure: vec![0; columns],
        }
    }

    /// Takes note of a value of a column.
    #[inline]
    pub(super) fn meet(&mut self, column: usize, value: &[u8]) -> Meaning {
        if value.is_empty() {
            Meaning::Null
        } else if self.given.is_none() && !may_be_null(value) {
            Meaning::Value
        } else {
            self.compare(column, value)
        }
    }

    /// What a value means that isn't empty.
    fn compare(&mut self, column: usize, value: &[u8]) -> Meaning {
        if let Some(given) = &self.given {
            let null = given.iter().any(|null| null.as_bytes() == value);
            return if null { Meaning::Null } else { Meaning::Value };
        }
        let position = |texts: &[&str]| {
            let is_text = |text: &&str| text.len() == value.len() && text.as_bytes() == value;
            texts.iter().position(is_text)
        };
        if let Some(index) = position(&SURE) {
            self.sure |= 1 << index;
            return Meaning::Null;
        }
        match (position(&UNSURE), self.unsure.get_mut(column)) {
            (Some(index), Some(met)) => {
                *met |= 1 << index;
                Meaning::PerhapsNull
            }
            _ => Meaning::Value,
        }
    }

    /// Takes note of all that was met in another part of the same file.
    pub(super) fn merge(&mut self, other: &Self) {
        self.sure |= other.sure;
        for (met, other) in self.unsure.iter_mut().zip(&other.unsure) {
            *met |= other;
        }
    }

    /// The texts that mean "no value" in this file, where `typed` says of a column whether its sure values are of
    /// another kind than text.
    pub(super) fn texts(&self, typed: impl Fn(usize) -> bool) -> Vec<String> {
        if let Some(given) = &self.given {
            return given.clone();
        }
        let unsure = (0..self.unsure.len())
            .filter(|column| typed(*column))
            .fold(0, |all, column| all | self.unsure[column]);
        let met = |texts: &[&str], bits: u32| {
            let met = texts
                .iter()
                .enumerate()
                .filter(|(index, _)| bits & (1 << index) != 0);
            met.map(|(_, text)| (*text).to_owned()).collect::<Vec<_>>()
        };
        [met(&SURE, self.sure), met(&UNSURE, unsure)].concat()
    }
}

/// Whether a value, which isn't empty, is short and begins like one of the texts: nearly all values are told by this.
#[inline]
pub(super) fn may_be_null(value: &[u8]) -> bool {
    let second = || value.get(1).copied();
    value.len() <= 7
        && match value[0] {
            // A minus sign is most often that of a number.
            b'-' => second().is_none_or(|second| !second.is_ascii_digit()),
            b'N' | b'n' => second().is_some_and(|second| !second.is_ascii_digit()),
            first => matches!(first, b'#' | b'<' | b'\\' | b'?' | b'.' | b'*' | b'm' | b'u'),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_met() {
        for text in SURE {
            assert_eq!(
                Nulls::new(None, 1).meet(0, text.as_bytes()),
                Meaning::Null,
                "{text}"
            );
        }
        for text in UNSURE {
            assert_eq!(
                Nulls::new(None, 1).meet(0, text.as_bytes()),
                Meaning::PerhapsNull,
                "{text}"
            );
        }
        for text in ["-1", "Nancy", "0", "unknowns", "NA "] {
            assert_eq!(
                Nulls::new(None, 1).meet(0, text.as_bytes()),
                Meaning::Value,
                "{text}"
            );
        }
    }

    #[test]
    fn unsure_ones_count_beside_values_of_another_kind() {
        let mut nulls = Nulls::new(None, 2);
        nulls.meet(0, b"-");
        nulls.meet(1, b"?");
        nulls.meet(1, b"NA");
        assert_eq!(nulls.texts(|column| column == 0), ["NA", "-"]);
        assert_eq!(nulls.texts(|_| false), ["NA"]);
        let mut given = Nulls::new(Some(vec!["x".into()]), 1);
        assert_eq!(given.meet(0, b"NA"), Meaning::Value);
        assert_eq!(given.meet(0, b"x"), Meaning::Null);
    }
}

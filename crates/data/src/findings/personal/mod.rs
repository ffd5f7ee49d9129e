//! Data about persons: what a column's values look like, and the class that such data has at the least.

mod contact;
mod identity;
mod money;

use super::looked::{Column, Looked, of};
use crate::{error::Result, table};
use aloft_spec::{DataClass, Finding, FindingCode, Severity, table::ColumnKind};
use std::collections::BTreeSet;

/// The class of data about persons at the least.
const CLASS: DataClass = DataClass::Confidential;
/// Different values of a kind that any number has with some chance (a checksum of one digit fits one in ten) before a
/// column is suspected.
const LEAST_DIFFERENT: usize = 10;
/// Share of the values that have to be of such a kind.
const MOST: f64 = 0.8;

/// A kind of data about persons.
struct Kind {
    /// As in "holds e-mail addresses".
    name: &'static str,
    /// Whether a text is, or for the sure kinds has in it, one of these.
    matches: fn(&str) -> bool,
    /// A single value is enough: nothing else looks like it.
    sure: bool,
}

/// In order of preference: a value counts for the first kind that it fits.
const KINDS: [Kind; 14] = [
    Kind {
        name: "e-mail addresses",
        matches: contact::has_email,
        sure: true,
    },
    Kind {
        name: "account numbers (IBAN)",
        matches: money::is_iban,
        sure: true,
    },
    Kind {
        name: "payment card numbers",
        matches: money::is_card,
        sure: false,
    },
    Kind {
        name: "US social security numbers",
        matches: identity::is_us_ssn,
        sure: false,
    },
    Kind {
        name: "Spanish DNI or NIE numbers",
        matches: identity::is_spanish_dni,
        sure: false,
    },
    Kind {
        name: "Italian fiscal codes",
        matches: identity::is_italian_code,
        sure: false,
    },
    Kind {
        name: "French social security numbers",
        matches: identity::is_french_nir,
        sure: false,
    },
    Kind {
        name: "German tax numbers (IdNr)",
        matches: identity::is_german_idnr,
        sure: false,
    },
    Kind {
        name: "Polish PESEL numbers",
        matches: identity::is_polish_pesel,
        sure: false,
    },
    Kind {
        name: "Brazilian CPF numbers",
        matches: identity::is_brazilian_cpf,
        sure: false,
    },
    Kind {
        name: "Chinese resident numbers",
        matches: identity::is_chinese_id,
        sure: false,
    },
    Kind {
        name: "Indian Aadhaar numbers",
        matches: identity::is_indian_aadhaar,
        sure: false,
    },
    Kind {
        name: "British national insurance numbers",
        matches: identity::is_british_nino,
        sure: false,
    },
    Kind {
        name: "telephone numbers",
        matches: contact::is_phone,
        sure: false,
    },
];

/// At most one finding: the kind with the most values.
pub(super) fn findings(looked: &Looked, column: &Column<'_>, class: DataClass) -> Result<Vec<Finding>> {
    // Card and tax numbers are often read as whole numbers.
    let texts: Vec<Option<String>> = match column.kind {
        ColumnKind::Text | ColumnKind::Integer => crate::error::guarded(|| table::texts(column.series))?,
        _ => return Ok(Vec::new()),
    };
    let mut seen: Vec<(usize, BTreeSet<&str>)> = vec![(0, BTreeSet::new()); KINDS.len()];
    let mut values = 0;
    for text in texts.iter().flatten() {
        values += 1;
        // Short texts are most of a table's, and none of these kinds.
        if text.len() < 6 {
            continue;
        }
        if let Some(index) = KINDS.iter().position(|kind| (kind.matches)(text)) {
            seen[index].0 += 1;
            if seen[index].1.len() < LEAST_DIFFERENT {
                seen[index].1.insert(text);
            }
        }
    }
    let enough = |kind: &Kind, count: usize, different: usize| {
        count > 0 && (kind.sure || (different >= LEAST_DIFFERENT && count as f64 >= MOST * values as f64))
    };
    let found = KINDS
        .iter()
        .zip(&seen)
        .filter(|(kind, (count, different))| enough(kind, *count, different.len()))
        .max_by_key(|(_, (count, _))| *count);
    let Some((kind, (count, _))) = found else {
        return Ok(Vec::new());
    };
    let message = format!(
        "`{}` holds {}: {}",
        column.name,
        kind.name,
        of(*count, values, "values")
    );
    if class >= CLASS {
        let hint =
            format!("the data is {class}, as it should be; leave the column out where it isn't needed");
        return Ok(vec![looked.finding(
            FindingCode::PersonalData,
            Severity::Info,
            &[column.name],
            message,
            hint,
        )]);
    }
    let hint = format!(
        "such data is at least {CLASS} and here it is {class}: `class = \"{CLASS}\"` in the source cell, or leave the column out"
    );
    let finding = looked.finding(
        FindingCode::PersonalData,
        Severity::Warning,
        &[column.name],
        message,
        hint,
    );
    Ok(vec![Finding {
        class: Some(CLASS),
        ..finding
    }])
}

/// The digits of a text that has nothing else but the separators; `None` otherwise.
fn digits(text: &str, separators: &[char]) -> Option<Vec<u32>> {
    text.trim()
        .chars()
        .filter(|c| !separators.contains(c))
        .map(|c| c.to_digit(10))
        .collect()
}

/// Whether the last digit is Luhn's check digit of the others (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

//! What a click on a table or a chart asks: it becomes SQL that a person could have written, or a selection of rows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A question about a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// Only the rows that meet a condition.
    Filter {
        /// The column that it is about.
        column: String,
        /// What its values have to be.
        condition: Condition,
    },
    /// The rows in the order of a column.
    Sort {
        /// The column.
        column: String,
        /// The greatest first.
        descending: bool,
    },
    /// How many rows each value of a column has.
    Group {
        /// The column.
        column: String,
    },
    /// How many rows each stretch of a column's range has.
    Bin {
        /// A column of numbers, dates or points in time.
        column: String,
    },
    /// Each row with what another table says of it.
    Join(JoinKeys),
}

/// What the values of a column have to be. Values are texts as a table shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "condition", rename_all = "kebab-case")]
pub enum Condition {
    /// This one.
    Is {
        /// The value.
        value: String,
    },
    /// Another one than this.
    IsNot {
        /// The value.
        value: String,
    },
    /// Within a range, the ends included.
    Between {
        /// The least; `None` is any.
        min: Option<String>,
        /// The greatest; `None` is any.
        max: Option<String>,
    },
    /// There is none.
    Missing,
    /// There is one.
    Present,
}

/// Columns that two tables share, and by which rows of one find their rows of the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinKeys {
    /// The other table.
    pub table: String,
    /// Columns of the same name and with overlapping values in both.
    pub keys: Vec<String>,
}

/// Rows that were chosen in a chart: everything that reads them is of these rows alone, until the choice is taken back.
/// It belongs to a session, never to a notebook, and no training sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The tables whose rows are chosen: first the one that the others come from, last the one that the chart draws. Each
    /// has the column as the one before it has it.
    pub tables: Vec<String>,
    /// The column.
    pub column: String,
    /// What its values have to be.
    pub condition: Condition,
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.column;
        match &self.condition {
            Condition::Is { value } => write!(f, "{column} is {value}"),
            Condition::IsNot { value } => write!(f, "{column} is not {value}"),
            Condition::Between {
                min: Some(min),
                max: Some(max),
            } => write!(f, "{column} {min} to {max}"),
            Condition::Between { min: Some(min), .. } => write!(f, "{column} from {min}"),
            Condition::Between { max: Some(max), .. } => write!(f, "{column} up to {max}"),
            Condition::Between { .. } | Condition::Present => write!(f, "{column} has a value"),
            Condition::Missing => write!(f, "{column} has no value"),
        }
    }
}

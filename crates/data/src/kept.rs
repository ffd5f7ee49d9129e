//! Rows of a query that took reading a large file to compute: kept where they are few, so that scrolling through them doesn't
//! read it again.

use polars::prelude::*;
use std::sync::{Arc, OnceLock};

/// What is kept of a relation at most.
const MOST_BYTES: u64 = 64 << 20;
/// About how many bytes a value takes; texts more than numbers.
const BYTES_A_VALUE: u64 = 16;

/// The rows of a relation once they were computed. Its clones share them.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<OnceLock<DataFrame>>);

impl Kept {
    /// Whether so many rows and columns are likely to be kept.
    pub(crate) fn fits(rows: u64, columns: usize) -> bool {
        let values = rows.saturating_mul(columns as u64);
        values.saturating_mul(BYTES_A_VALUE) <= MOST_BYTES
    }

    pub(crate) fn rows(&self) -> Option<&DataFrame> {
        self.0.get()
    }

    /// Keeps all rows of the relation, unless they take too much memory.
    pub(crate) fn keep(&self, rows: &DataFrame) {
        if rows.estimated_size() as u64 <= MOST_BYTES {
            self.0.get_or_init(|| rows.clone());
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.rows().map_or(0, |rows| rows.estimated_size() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_kept_and_shared() {
        let kept = Kept::default();
        let of = |rows: u32| df!("n" => (0..rows).map(u64::from).collect::<Vec<_>>()).unwrap();
        let many = of((MOST_BYTES / 8) as u32 + 1);
        kept.keep(&many);
        assert!(kept.rows().is_none() && !Kept::fits(many.height() as u64, 1));
        kept.clone().keep(&of(100));
        assert_eq!((kept.rows().unwrap().height(), kept.bytes()), (100, 800));
        assert!(Kept::fits(100, 1));
    }
}

//! A loop over the rows of a tile.

/// Writes out what is done for each row of a tile. A loop over rows the compiler might keep as one, and sums that are
/// indexed by a variable would live in memory and not in registers.
macro_rules! each_row {
    ($row:ident < $rows:ident, $body:block) => {
        each_row!($row < $rows, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    ($row:ident < $rows:ident, $body:block, $($index:literal)*) => {
        $(if $index < $rows {
            let $row = $index;
            $body
        })*
    };
}
pub(crate) use each_row;

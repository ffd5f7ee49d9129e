//! Sources, samples, profiles, SQL, chart data and snapshots of rows: everything that Aloft does with tables, by polars.
//!
//! A [`Relation`] is a lazy table that knows which rows it stands for. [`source()`] makes one from a file, [`query()`] from
//! other relations; what is shown of it carries an [`aloft_spec::Extent`].

mod batches;
mod bins;
mod cancel;
mod chart;
mod comparison;
mod direct;
mod encoded;
mod error;
mod execute;
mod files;
mod findings;
mod fingerprint;
mod grouping;
mod guarded;
mod in_order;
mod kept;
mod near;
mod output;
mod parts;
mod plans;
mod profile;
mod query;
mod read_ahead;
mod relation;
mod replace;
mod sample;
mod sketch;
mod snapshot;
mod source;
mod statement;
mod sums;
mod table;
mod thumbnails;
mod write;

/// What computes here, by its versions: Aloft's and that of polars. Others may give other results for the same rows.
pub const ENGINE: [&str; 2] = [env!("CARGO_PKG_VERSION"), polars::VERSION];

pub use batches::Batches;
pub use cancel::Cancel;
pub use chart::{Picture, picture, png, svg};
pub use encoded::{decode_table, encode_table};
pub use files::read_files;
pub use findings::Setting;
pub use query::query;
pub use read_ahead::limit_read_ahead;
pub use relation::Relation;
pub use snapshot::SnapshotFile;
pub use source::{
    access::{Access, Credentials},
    fingerprint, source,
};
pub use table::shown_table;
pub use write::{TableWriter, read_frame, write_chart, write_table};

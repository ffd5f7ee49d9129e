//! What a cell shows when it has run.

use crate::{
    chart::ChartData,
    profile::Profile,
    reading::Reading,
    table::{Extent, Table},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The output of a cell. Shared, because the window reads it every frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Output {
    /// A source's or a query's rows.
    Table(TableOutput),
    /// A chart's marks.
    Chart(Arc<ChartData>),
}

/// Rows with their profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableOutput {
    /// Rows held for display; may be fewer than the result has.
    pub table: Arc<Table>,
    /// Profile over the whole result.
    pub profile: Arc<Profile>,
    /// Which rows the result is made of.
    pub extent: Extent,
    /// How the source was read; `None` for a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Arc<Reading>>,
}

//! How the window over a project was left. It belongs to this machine and this user, not to the notebook.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Widths of a table's columns by their names, in points.
pub type Widths = BTreeMap<String, f32>;

/// How the window over a project was left.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowState {
    /// What is around the notebook.
    pub panels: Panels,
    /// Widths of columns that the user has chosen, by notebook and cell.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub widths: BTreeMap<String, BTreeMap<String, Widths>>,
}

/// What is around the notebook, and how wide that is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Panels {
    /// Whether the notebook is as wide as the window, rather than a column to read.
    pub wide: bool,
    /// Whether navigation is folded away.
    pub navigation_hidden: bool,
    /// Whether the inspector is folded away.
    pub inspector_hidden: bool,
}

//! Searches for the values with the lowest score: spaces, what to try next, and who falls behind. Pure: the same space, seed
//! and results give the same next values on any machine, so that a search that was interrupted goes on as if it hadn't been.
//!
//! ```text
//! Sampler::new(&SweepSpec)
//! sampler.suggest(index, &results so far) -> values, or None when all has been tried
//! Halving::new(&HalvingSpec)
//! halving.rungs(epochs)       halving.goes_on(own score, scores of the others at the rung)
//! ```

mod draws;
mod error;
mod grid;
mod halving;
mod sampler;
mod space;
mod tpe;

pub use error::Error;
pub use grid::Grid;
pub use halving::Halving;
pub use sampler::{Sampler, Tried};
pub use space::{Dimension, Space};

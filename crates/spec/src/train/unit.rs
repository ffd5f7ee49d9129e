//! What people count the progress of a training in.

use super::{ModelKind, TreesSpec};
use serde::{Deserialize, Serialize};

/// What the progress of a training is counted in. Events and reports count epochs; of trees one of these is some rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingUnit {
    /// Once through all training rows.
    #[default]
    Epoch,
    /// Of trees, one for each output.
    Round,
}

impl TrainingUnit {
    /// Of trainings of a kind of model.
    pub fn of(kind: ModelKind) -> Self {
        match kind {
            ModelKind::Trees => Self::Round,
            _ => Self::Epoch,
        }
    }

    /// How many of them so many epochs are.
    pub fn count(self, epochs: u32) -> u32 {
        match self {
            Self::Epoch => epochs,
            Self::Round => epochs.saturating_mul(TreesSpec::ROUNDS_PER_EPOCH),
        }
    }

    /// The word for one.
    pub fn word(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Round => "round",
        }
    }

    /// The word for several.
    pub fn words(self) -> &'static str {
        match self {
            Self::Epoch => "epochs",
            Self::Round => "rounds",
        }
    }
}

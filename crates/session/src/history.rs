//! Undo for the text of a notebook: one burst of typing in one block is one step.

use aloft_protocol::BlockId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Typing in the same block goes on being the same step for so long after the last key.
const BURST: Duration = Duration::from_millis(1200);
/// Steps kept; a text is shared, so a step costs what changed a few times over at most.
const STEPS: usize = 500;

/// How a change belongs to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is a step of its own.
    Alone,
    /// It is typing in a block, whose editor shows the new text already.
    Typing(BlockId),
    /// It goes on with the change before it: a value that is being dragged.
    Continued,
}

/// The texts before and after.
#[derive(Debug, Default)]
pub struct History {
    past: Vec<Arc<str>>,
    future: Vec<Arc<str>>,
    burst: Option<(BlockId, Instant)>,
}

impl History {
    /// Remembers `before`, the text that a change is about to replace.
    pub fn record(&mut self, before: &Arc<str>, step: Step, now: Instant) {
        let continues = match (step, self.burst) {
            (Step::Typing(block), Some((last, at))) => block == last && now.duration_since(at) < BURST,
            (Step::Continued, _) => true,
            _ => false,
        };
        if !continues || self.past.is_empty() {
            self.past.push(before.clone());
            if self.past.len() > STEPS {
                self.past.remove(0);
            }
        }
        self.future.clear();
        self.burst = match step {
            Step::Typing(block) => Some((block, now)),
            Step::Alone | Step::Continued => None,
        };
    }

    /// The text before the last step; `current` can then be done again.
    pub fn undo(&mut self, current: &Arc<str>) -> Option<Arc<str>> {
        let text = self.past.pop()?;
        self.future.push(current.clone());
        self.burst = None;
        Some(text)
    }

    /// The text after the step that was taken back.
    pub fn redo(&mut self, current: &Arc<str>) -> Option<Arc<str>> {
        let text = self.future.pop()?;
        self.past.push(current.clone());
        self.burst = None;
        Some(text)
    }

    /// Whether there is something to take back.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is something to do again.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Arc<str> {
        Arc::from(text)
    }

    #[test]
    fn a_burst_of_typing_is_one_step() {
        let start = Instant::now();
        let mut history = History::default();
        let typing = Step::Typing(BlockId(1));
        history.record(&text(""), typing, start);
        history.record(&text("a"), typing, start + Duration::from_millis(100));
        history.record(&text("ab"), typing, start + Duration::from_secs(5));
        assert_eq!(history.undo(&text("abc")).as_deref(), Some("ab"));
        assert_eq!(history.undo(&text("ab")).as_deref(), Some(""));
        assert_eq!(history.undo(&text("")), None);
        assert_eq!(history.redo(&text("")).as_deref(), Some("ab"));
        assert_eq!(history.redo(&text("ab")).as_deref(), Some("abc"));
        assert!(!history.can_redo());
    }

    #[test]
    fn a_new_change_forgets_what_was_taken_back() {
        let mut history = History::default();
        history.record(&text("a"), Step::Alone, Instant::now());
        history.undo(&text("b"));
        history.record(&text("a"), Step::Alone, Instant::now());
        assert!(!history.can_redo());
    }

    #[test]
    fn a_drag_is_one_step_however_long_it_takes() {
        let start = Instant::now();
        let mut history = History::default();
        history.record(&text("1"), Step::Alone, start);
        for second in 1..5 {
            history.record(
                &text("2"),
                Step::Continued,
                start + Duration::from_secs(9 * second),
            );
        }
        history.record(&text("3"), Step::Alone, start);
        assert_eq!(history.undo(&text("4")).as_deref(), Some("3"));
        assert_eq!(history.undo(&text("3")).as_deref(), Some("1"));
        assert!(!history.can_undo());
    }
}

//! Texts being typed. A buffer holds what the user sees; every change is sent, and the snapshot's text comes back when
//! something else changed it (undo, another program) or when the session has caught up.

use aloft_protocol::BlockId;
use std::collections::HashMap;

/// The texts of all editors that were shown.
pub type Buffers = HashMap<BlockId, Buffer>;

/// The text of one editor, without the line ends around it: those stay as they are in the file.
#[derive(Debug, Default)]
pub struct Buffer {
    /// What is shown.
    pub text: String,
    before: String,
    after: String,
    revision: u64,
    /// What was sent last and hasn't come back yet.
    sent: Option<String>,
}

impl Buffer {
    /// Takes the snapshot's text unless the user's own is ahead of it.
    pub fn follow(&mut self, text: &str, revision: u64) {
        if revision != self.revision {
            self.revision = revision;
            self.sent = None;
        }
        match &self.sent {
            Some(sent) if sent == text => self.sent = None,
            Some(_) => {}
            // A line end that was typed at the end is shown, though it would be one of those around the text.
            None if self.is(text) => {}
            None => self.take(text),
        }
    }

    /// Whether this is the text as it is shown, with what is around it.
    fn is(&self, text: &str) -> bool {
        let rest = text.strip_prefix(&self.before);
        rest.and_then(|rest| rest.strip_suffix(&self.after)) == Some(&self.text)
    }

    fn take(&mut self, text: &str) {
        let body = text.trim_matches('\n');
        if self.text != body {
            body.clone_into(&mut self.text);
        }
        if body.is_empty() {
            self.before.clear();
            text.clone_into(&mut self.after);
        } else {
            let start = text.len() - text.trim_start_matches('\n').len();
            text[..start].clone_into(&mut self.before);
            text[start + body.len()..].clone_into(&mut self.after);
        }
    }

    /// Lines of the cell's text that come before what is shown.
    pub fn skipped_lines(&self) -> usize {
        self.before.matches('\n').count()
    }

    /// The text as the session knows it.
    pub fn whole(&mut self) -> String {
        let whole = format!("{}{}{}", self.before, self.text, self.after);
        self.sent = Some(whole.clone());
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_around_a_text_stay_as_they_are() {
        let mut buffer = Buffer::default();
        buffer.follow("\n# Title\n\n", 0);
        assert_eq!(buffer.text, "# Title");
        buffer.text.push('s');
        assert_eq!(buffer.whole(), "\n# Titles\n\n");
    }

    #[test]
    fn what_was_typed_stays_until_the_session_has_it() {
        let mut buffer = Buffer::default();
        buffer.follow("a", 0);
        buffer.text = "ab".into();
        buffer.whole();
        buffer.text = "abc".into();
        buffer.whole();
        buffer.follow("ab", 0);
        assert_eq!(buffer.text, "abc", "an older echo doesn't take letters away");
        buffer.follow("abc", 0);
        buffer.follow("abcd", 0);
        assert_eq!(buffer.text, "abcd");
    }

    #[test]
    fn a_new_line_at_the_end_is_there_to_be_written_in() {
        let mut buffer = Buffer::default();
        buffer.follow("a = 1\n", 0);
        for typed in ["a = 1\n", "a = 1\n\n", "a = 1\n\nb"] {
            buffer.text = typed.into();
            let whole = buffer.whole();
            assert_eq!(whole, format!("{typed}\n"));
            for revision in [0, 0, 1] {
                buffer.follow(&whole, revision);
                assert_eq!(buffer.text, typed);
            }
        }
    }

    #[test]
    fn a_new_revision_wins_over_what_was_typed() {
        let mut buffer = Buffer::default();
        buffer.follow("a", 0);
        buffer.text = "ab".into();
        buffer.whole();
        buffer.follow("a", 1);
        assert_eq!(buffer.text, "a");
    }
}

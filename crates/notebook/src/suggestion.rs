//! "Did you mean …?"

use aloft_spec::text::nearest;

/// `did you mean `x`?`, else all candidates after `what`, else nothing.
pub(crate) fn suggestion<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
    what: &str,
) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()).first() {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<String> = candidates
        .into_iter()
        .map(|candidate| format!("`{candidate}`"))
        .collect();
    (!all.is_empty()).then(|| format!("{what}: {}", all.join(", ")))
}

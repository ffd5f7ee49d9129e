//! How well a name fits what was typed.

/// A score where all letters of the query occur in order, more for those at the start of words and next to each other.
/// `None` where they don't. An empty query fits everything equally.
pub fn score(query: &str, text: &str) -> Option<i32> {
    let mut score = 0;
    let mut chars = text.chars().flat_map(char::to_lowercase).enumerate();
    let mut before = ' ';
    let mut last_hit = None;
    for wanted in query
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace())
    {
        loop {
            let (at, c) = chars.next()?;
            let starts_word = !before.is_alphanumeric();
            before = c;
            if c == wanted {
                score += match last_hit {
                    Some(last) if last + 1 == at => 9,
                    _ if starts_word => 8,
                    _ => 1,
                };
                last_hit = Some(at);
                break;
            }
        }
    }
    // Of two names that fit equally the shorter one is meant.
    let length = text.chars().count().min(60) as i32;
    Some(if query.is_empty() {
        0
    } else {
        score * 4 - length / 2
    })
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn letters_must_occur_in_order() {
        assert!(score("rna", "Run all").is_some());
        assert!(score("anr", "Run all").is_none());
        assert_eq!(score("", "Run all"), Some(0));
    }

    #[test]
    fn starts_of_words_count_more() {
        assert!(score("ra", "Run all") > score("ra", "Graphs"));
        assert!(score("run", "Run all") > score("run", "Rename until night"));
        assert!(score("late", "late") > score("late", "late_arrivals"));
    }
}

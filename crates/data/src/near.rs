//! Names that someone may have meant.

use aloft_spec::text::nearest;

/// `did you mean `a` or `b`?`, or what there is when nothing is near.
pub(crate) fn suggestion<'a>(
    wanted: &str,
    what: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    // Where the name itself is there, it is so at another place of a statement.
    let near = nearest(wanted, names.clone().into_iter().filter(|name| *name != wanted));
    if !near.is_empty() {
        return format!(
            "did you mean {}?",
            quoted(near.iter().map(String::as_str), " or ")
        );
    }
    const SHOWN: usize = 12;
    let all: Vec<&str> = names.into_iter().collect();
    if all.is_empty() {
        return format!("there are no {what}");
    }
    let more = if all.len() > SHOWN {
        format!(" and {} more", all.len() - SHOWN)
    } else {
        String::new()
    };
    format!(
        "the {what} are {}{more}",
        quoted(all.into_iter().take(SHOWN), ", ")
    )
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>, between: &str) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_or_what_there_is() {
        let columns = ["carrier", "dep_delay", "arr_delay", "distance"];
        assert_eq!(
            suggestion("distnce", "columns", columns),
            "did you mean `distance`?"
        );
        assert_eq!(suggestion("q", "columns", ["a", "b"]), "did you mean `a` or `b`?");
        assert_eq!(
            suggestion("xyz", "columns", ["carrier"]),
            "the columns are `carrier`"
        );
    }
}

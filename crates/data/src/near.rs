//! Names that someone may have meant.

/// At most three of `names` that are near to `wanted`, nearest first: equal but for case, one within the other, or a
/// few typing errors away (a third of the letters at the most).
pub(crate) fn near_names<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let distance = edit_distance(&wanted, &lower);
            let contained =
                wanted.len() >= 3 && lower.contains(&wanted) || lower.len() >= 3 && wanted.contains(&lower);
            (distance <= allowed || contained).then_some((distance, name))
        })
        .collect();
    near.sort();
    near.truncate(3);
    near.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// `did you mean `a` or `b`?`, or what there is when nothing is near.
pub(crate) fn suggestion<'a>(
    wanted: &str,
    what: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let near = near_names(wanted, names.clone());
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

/// Levenshtein's distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_those_one_may_have_meant() {
        let columns = ["carrier", "dep_delay", "arr_delay", "distance"];
        assert_eq!(near_names("Carrier", columns), ["carrier"]);
        assert_eq!(near_names("delay", columns), ["arr_delay", "dep_delay"]);
        assert_eq!(near_names("distnce", columns), ["distance"]);
        assert!(near_names("xyz", columns).is_empty());
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

//! Problems of queries are where the statement has the word, not at the cell's fence.

use aloft_engine::{Cancel, Evaluator, Workspace};
use aloft_spec::{Problem, table::Scope};

/// What is wrong with a statement over `flights(carrier, delay, day)`, in which `|` stands before the word that is
/// expected to be named. The problem's line counts from the statement's first line.
fn place(marked: &str) -> (Problem, (usize, usize), (usize, usize)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("flights.csv"),
        "carrier,delay,day\nAA,1,2013-01-01\nUA,2,2013-01-02\n",
    )
    .unwrap();
    let at = marked.find('|').unwrap();
    let before = &marked[..at];
    let expected = (
        before.matches('\n').count() + 1,
        before.rsplit('\n').next().unwrap().chars().count() + 1,
    );
    let statement = marked.replacen('|', "", 1);
    let text = format!(
        "```toml source flights\npath = \"flights.csv\"\n```\n\n```toml param least\nkind = \"number\"\nvalue = \
         1\n```\n\n```sql query q\n{statement}\n```\n"
    );
    let notebook = folder.path().join("test.aloft.md");
    std::fs::write(&notebook, &text).unwrap();
    let workspace = Workspace::open(&notebook).unwrap();
    let problem = Evaluator::without_disk()
        .evaluate(&workspace, "q", Scope::Sample, &Cancel::new())
        .unwrap_err();
    let place = problem.place.clone().unwrap();
    let first = text.lines().position(|line| line == "```sql query q").unwrap() + 2;
    let found = (
        (place.line.unwrap() + 1).saturating_sub(first),
        place.column.unwrap(),
    );
    (problem, found, expected)
}

#[test]
fn problems_are_at_the_word() {
    for marked in [
        "SELECT carrier,\n  |dely FROM flights",
        "SELECT carrier FROM flights f WHERE f.|dely > 1",
        "SELECT carrier,\n  |AVGG(delay) FROM flights",
        "SELECT delay,\n  |carrier + delay AS x\nFROM flights",
        "SELECT delay FROM flights\nWHERE delay > $least AND |carrier > 3",
        "SELECT AVG(|carrier + delay) AS x FROM flights",
        "SELECT CAST(|carrier AS INTEGER) AS x FROM flights",
        "SELECT |STRFTIME(delay, '%Y') AS x FROM flights",
        "SELECT * FROM flights WHERE |delay",
        "SELECT carrier FROM flights\nWHERE delay = 1 AND |day > 20130101",
        "SELECT carrier FROM flights f WHERE 5 < f.|day",
    ] {
        let (problem, found, expected) = place(marked);
        assert_eq!(found, expected, "{marked}\n{problem}");
        assert!(problem.hint.is_some(), "{marked}\n{problem}");
    }
}

#[test]
fn names_near_are_suggested() {
    for (marked, near) in [
        ("SELECT |delai FROM flights", "did you mean `delay`?"),
        ("SELECT |AVGG(delay) FROM flights", "did you mean `AVG`?"),
    ] {
        assert_eq!(place(marked).0.hint.as_deref(), Some(near));
    }
}

//! Tables in, findings out: what is wrong is said with its numbers, and the way out works.

use crate::common::*;
use aloft_data::{Relation, Setting};
use aloft_spec::{DataClass, Finding, FindingCode, Severity};

/// 2026-01-01.
const TODAY: i64 = 20_454;

fn setting() -> Setting {
    Setting {
        today: TODAY,
        class: DataClass::Internal,
    }
}

/// A table of so many rows: a header and a line for each row.
pub fn table(folder: &Folder, header: &str, rows: usize, line: impl Fn(usize) -> String) -> Relation {
    let lines: String = (0..rows).map(|row| line(row) + "\n").collect();
    let name = format!("{}.csv", header.replace([',', ' '], "_"));
    whole(&folder.write(&name, format!("{header}\n{lines}")))
}

fn found(relation: &Relation) -> Vec<Finding> {
    relation.findings(setting()).unwrap()
}

/// `code column: message` of each finding.
pub fn told(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let code = serde_json::to_value(finding.code).unwrap();
        format!(
            "{} {}: {}",
            code.as_str().unwrap(),
            finding.columns.join("+"),
            finding.message
        )
    };
    findings.iter().map(line).collect()
}

pub fn of_code(findings: &[Finding], code: FindingCode) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.code == code).collect()
}

/// A number that looks drawn by chance and is the same every time.
pub fn chance(row: usize, salt: u64) -> u64 {
    let mut x = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd134_2543_de82_ef95);
    x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 29)) >> 16
}

/// Runs the first statement or expression between back ticks of a hint.
fn follow(finding: &Finding, relation: &Relation) -> Relation {
    let way = finding.hint.split('`').nth(1).unwrap();
    let sql = match way {
        whole if whole.starts_with("SELECT") => format!("{whole} FROM t"),
        filter if filter.starts_with("WHERE") => format!("SELECT * FROM t {filter}"),
        named if named.contains(" AS ") => format!("SELECT {named} FROM t"),
        value => format!("SELECT {value} AS {} FROM t", finding.columns[0]),
    };
    ask(&sql, &[("t", relation)]).unwrap_or_else(|problem| panic!("{sql}: {problem}"))
}

#[test]
fn a_sound_table_has_no_findings() {
    let folder = Folder::new();
    let table = table(&folder, "weight,age,city", 400, |row| {
        let city = ["Oslo", "Rome", "Lima", "Cairo"][chance(row, 3) as usize % 4];
        format!("{}.5,{},{city}", chance(row, 1) % 1000, chance(row, 2) % 80)
    });
    assert_eq!(told(&found(&table)), Vec::<String>::new());
}

#[test]
fn columns_that_say_nothing() {
    let folder = Folder::new();
    let table = table(&folder, "id,country,vip,nothing,weight,note", 1000, |row| {
        let vip = row % 200 == 7;
        format!(
            "{},NO,{vip},,{}.25,text of row {row}",
            5000 + row * 3,
            chance(row, 1)
        )
    });
    let findings = found(&table);
    assert_eq!(
        told(&findings),
        [
            "constant country: `country` is “NO” in all of 1,000 rows",
            "constant nothing: `nothing` has no value in any of 1,000 rows",
            "nearly-constant vip: `vip` is “false” in 99.5 % of the rows",
            "identifier id: `id` has another value in each of 1,000 rows",
        ]
    );
    assert_eq!(
        types(&follow(&findings[0], &table)),
        "id: i64, vip: bool, nothing: str, weight: f64, note: str"
    );
    assert!(findings[3].hint.contains("ignore = [\"id\"]"));
    assert_eq!(findings[0].extent.to_string(), "all 1,000 rows");
}

#[test]
fn copies_of_rows() {
    let folder = Folder::new();
    let table = table(&folder, "n,name,amount", 500, |row| {
        let row = if row % 50 == 49 { row - 1 } else { row };
        format!(
            "{},name{},{}.5",
            chance(row, 1),
            chance(row, 2) % 400,
            chance(row, 3) % 9000
        )
    });
    let findings = found(&table);
    assert_eq!(
        told(&findings),
        ["duplicate-rows : 10 of 500 rows (2 %) are copies of another row"]
    );
    assert_eq!(follow(&findings[0], &table).rows().unwrap(), 490);
    // Of two coins nearly every row is a copy, and that is no news.
    let coins = table_of_coins(&folder);
    assert_eq!(told(&found(&coins)), Vec::<String>::new());
}

fn table_of_coins(folder: &Folder) -> Relation {
    table(folder, "a,b", 200, |row| {
        format!(
            "{},{}",
            chance(row, 1).is_multiple_of(2),
            chance(row, 2).is_multiple_of(2)
        )
    })
}

#[test]
fn rows_that_are_equal_but_for_one_column() {
    let folder = Folder::new();
    let table = table(&folder, "customer_id,name,amount", 300, |row| {
        let of = if row % 30 == 29 { row - 1 } else { row };
        format!("{row},name{},{}.5", chance(of, 2) % 4000, chance(of, 3))
    });
    let findings = found(&table);
    let near = of_code(&findings, FindingCode::NearDuplicateRows);
    assert_eq!(
        near[0].message,
        "10 of 300 rows (3.3 %) equal another row but for `customer_id`"
    );
    assert_eq!(follow(near[0], &table).rows().unwrap(), 290);
}

#[test]
fn texts_that_mean_the_same() {
    let folder = Folder::new();
    let cities = ["New York", "new york", "New-York", "Oslo", "Lima"];
    let table = table(&folder, "city,weight", 100, |row| {
        format!("{},{}", cities[row % 5], chance(row, 1))
    });
    let findings = found(&table);
    assert_eq!(
        told(&findings),
        [
            "near-duplicate-texts city: `city` spells a value in more than one way, in 60 of 100 rows: “New York”, “new york”, “New-York”"
        ]
    );
    assert_eq!(
        rows(
            &ask(
                "SELECT DISTINCT city FROM t WHERE city = 'oslo'",
                &[("t", &follow(&findings[0], &table))]
            )
            .unwrap()
        ),
        "oslo"
    );

    let long = |row: usize| {
        let words: Vec<String> = (0..80)
            .map(|word| format!("w{}", chance(row / 2 * 100 + word, 5)))
            .collect();
        format!(
            "{} {}",
            words.join(" "),
            if row.is_multiple_of(2) { "end" } else { "stop" }
        )
    };
    let reviews = super_table(&folder, long);
    let findings = found(&reviews);
    let near = of_code(&findings, FindingCode::NearDuplicateTexts);
    assert!(
        near[0]
            .message
            .contains("of `review` are almost the same as another"),
        "{}",
        near[0].message
    );
}

fn super_table(folder: &Folder, review: impl Fn(usize) -> String) -> Relation {
    table(folder, "review", 60, review)
}

#[test]
fn texts_that_are_something_else() {
    let folder = Folder::new();
    let header = "price,comma,mixed,zip,day,when,days,cents";
    let table = table(&folder, header, 100, |row| {
        let price = if row % 25 == 0 {
            "no price".into()
        } else {
            format!("{row}.5")
        };
        let mixed = if row % 3 == 0 {
            "low".into()
        } else {
            row.to_string()
        };
        let day = format!("{:02}/{:02}/2013", row % 28 + 1, row % 12 + 1);
        let when = format!("2013-01-{:02} 12:30:00 ", row % 28 + 1);
        let days = if row % 2 == 0 {
            format!("2013-01-{:02}", row % 28 + 1)
        } else {
            format!("{:02}.01.2013", row % 28 + 1)
        };
        format!(
            "{price},\"{row},5\",{mixed},0{:04},{day},\"{when}\",{days},\"1,{row:03}.50\"",
            row % 50
        )
    });
    let findings = found(&table);
    assert_eq!(
        told(&findings),
        [
            "mixed-types mixed: `mixed` mixes numbers (66) with other texts (34), such as “low”",
            "numbers-as-text cents: `cents` holds numbers as text: 100 of 100 values",
            "numbers-as-text comma: `comma` holds numbers as text: 100 of 100 values",
            "numbers-as-text price: `price` holds numbers as text: 96 of 100 values; 4 others, such as “no price”",
            "dates-as-text day: `day` holds dates as text, as 30/06/2013: 100 of 100 values",
            "dates-as-text when: `when` holds dates as text, as 2013-06-30 12:00: 100 of 100 values",
            "mixed-date-formats days: `days` has dates in 2 formats: 50 as 2013-06-30, 50 as 30.06.2013",
        ],
        "codes with zeros in front are codes"
    );
    let first = |index: usize| {
        rows(&follow(&findings[index], &table))
            .lines()
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(first(1), "1001.5");
    assert_eq!(first(2), "1.5");
    assert_eq!(first(3), "1.5");
    assert!(findings[3].hint.contains("null_values = [\"no price\"]"));
    assert_eq!(first(4), "2013-02-02");
    assert_eq!(first(6), "2013-01-02");
}

#[test]
fn dates_that_cannot_be_meant() {
    let folder = Folder::new();
    let table = table(&folder, "day,weight", 200, |row| {
        let day = match row {
            0..=2 => "1066-10-14".to_owned(),
            3..=9 => "1970-01-01".to_owned(),
            10..=13 => "9999-12-31".to_owned(),
            14 => "2031-05-05".to_owned(),
            _ => format!("2024-{:02}-{:02}", row % 12 + 1, row % 28 + 1),
        };
        format!("{day},{}", chance(row, 1))
    });
    let findings = found(&table);
    assert_eq!(
        told(&findings),
        [
            "date-out-of-range day: `day` is 1970-01-01, where clocks begin that were never set, in 7 of 200 rows",
            "date-out-of-range day: `day` is after today in 1 of 200 rows",
            "date-out-of-range day: `day` is before 1900 in 3 of 200 rows",
            "date-out-of-range day: `day` is in the year 2999 or later, which stands for “no end” in 4 of 200 rows",
        ]
    );
    let left = |index: usize| {
        ask(
            "SELECT COUNT(day) AS n FROM t",
            &[("t", &follow(&findings[index], &table))],
        )
        .unwrap()
    };
    assert_eq!(
        (0..4).map(|index| rows(&left(index))).collect::<Vec<_>>(),
        ["193", "195", "197", "196"]
    );
    // Seen from later, nothing is to come.
    let later = Setting {
        today: 30_000,
        ..setting()
    };
    assert_eq!(table.findings(later).unwrap().len(), 3);
}

#[test]
fn personal_data_raises_the_class() {
    let folder = Folder::new();
    let table = table(&folder, "mail,phone,card,weight", 40, |row| {
        // A check digit by Luhn for 411111111111 and a number.
        let start = format!("411111111111{row:03}");
        let sum: u32 = start
            .chars()
            .rev()
            .enumerate()
            .map(|(place, c)| {
                let digit = c.to_digit(10).unwrap();
                match place % 2 {
                    0 if digit > 4 => 2 * digit - 9,
                    0 => 2 * digit,
                    _ => digit,
                }
            })
            .sum();
        let mail = if row == 3 {
            "write to ada@example.org".to_owned()
        } else {
            format!("note {row} says so")
        };
        format!(
            "{mail},+47 22 {row:02} 30 30,{start}{},{}.5",
            (10 - sum % 10) % 10,
            row * row % 17
        )
    });
    let findings = found(&table);
    let personal = of_code(&findings, FindingCode::PersonalData);
    assert_eq!(
        personal
            .iter()
            .map(|finding| finding.message.as_str())
            .collect::<Vec<_>>(),
        [
            "`card` holds payment card numbers: 40 of 40 values",
            "`mail` holds e-mail addresses: 1 of 40 values",
            "`phone` holds telephone numbers: 40 of 40 values",
        ]
    );
    assert_eq!(
        (personal[0].class, personal[0].severity),
        (Some(DataClass::Confidential), Severity::Warning)
    );
    assert!(
        personal[0].hint.contains("class = \"confidential\""),
        "{}",
        personal[0].hint
    );
    let confidential = Setting {
        class: DataClass::Restricted,
        ..setting()
    };
    let findings = table.findings(confidential).unwrap();
    assert!(
        of_code(&findings, FindingCode::PersonalData)
            .iter()
            .all(|finding| finding.class.is_none())
    );
}

#[test]
fn tables_that_differ_and_overlap() {
    let folder = Folder::new();
    let write = |name: &str, from: usize, shift: u64, colors: &[&str]| {
        let lines: String = (from..from + 1000)
            .map(|row| {
                let color = colors[chance(row, 4) as usize % colors.len()];
                format!(
                    "{row},{},{},{color}\n",
                    chance(row, 1) % 1000 + shift,
                    chance(row, 2) % 1000
                )
            })
            .collect();
        whole(&folder.write(name, format!("id,shifted,same,color\n{lines}")))
    };
    let (jan, feb) = (
        write("jan.csv", 0, 0, &["red", "green"]),
        write("feb.csv", 1000, 400, &["red", "green", "blue"]),
    );
    let findings = feb.findings_against(&jan, ["feb", "jan"]).unwrap();
    let told_of = |findings: &[Finding]| {
        findings
            .iter()
            .map(|f| (f.code, f.columns.join("+")))
            .collect::<Vec<_>>()
    };
    let expected = [
        (FindingCode::Drift, "color".to_owned()),
        (FindingCode::Drift, "id".to_owned()),
        (FindingCode::Drift, "shifted".to_owned()),
        (FindingCode::NewCategories, "color".to_owned()),
    ];
    assert_eq!(told_of(&findings), expected);
    assert!(
        findings[3]
            .message
            .starts_with("a value of `color` in `feb` isn't in `jan`: “blue”, in ")
    );
    let again = write("again.csv", 500, 0, &["red", "green"]);
    let findings = again.findings_against(&jan, ["again", "jan"]).unwrap();
    let both = of_code(&findings, FindingCode::Overlap);
    assert_eq!(
        both[0].message,
        "500 of 1,000 rows of `again` (50 %) are also among 1,000 rows of `jan`"
    );
    let way = both[0].hint.split('`').nth(1).unwrap();
    assert_eq!(
        ask(way, &[("again", &again), ("jan", &jan)])
            .unwrap()
            .rows()
            .unwrap(),
        500
    );
    let other = table(&folder, "x,y,z", 100, |row| format!("{row},{row},{row}"));
    assert_eq!(
        told(&other.findings_against(&jan, ["other", "jan"]).unwrap()),
        Vec::<String>::new()
    );
}

#[test]
fn a_large_table_is_looked_at_in_a_sample_that_says_so() {
    let folder = Folder::new();
    let table = table(&folder, "k,weight", 60_000, |row| {
        format!("same,{}", chance(row, 1))
    });
    let findings = found(&table);
    assert_eq!(findings[0].extent.to_string(), "sample, 50,000 of 60,000 rows");
    assert_eq!(findings, found(&table), "the same rows give the same findings");
}

//! Pictures in the rows of a table: those of a folder, and what queries hand on of them.

use aloft_engine::{Cancel, Evaluator, Stretch, Workspace};
use aloft_spec::{Output, table::Scope};
use std::fs;

/// A picture of one red and one blue pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x7b, 0x40, 0xe8, 0xdd, 0x00,
    0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0x00, 0x04, 0xff, 0x01, 0x07,
    0x00, 0x01, 0xff, 0xe2, 0x23, 0x9e, 0x59, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42,
    0x60, 0x82,
];

#[test]
fn pictures_of_a_folder_are_shown_in_its_rows_and_in_what_is_made_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cats", "dogs"] {
        let pictures = folder.path().join("pictures").join(class);
        fs::create_dir_all(&pictures).unwrap();
        for name in ["a.png", "b.png"] {
            fs::write(pictures.join(name), PNG).unwrap();
        }
    }
    fs::write(folder.path().join("pictures/dogs/c.png"), b"damaged").unwrap();
    let notebook = folder.path().join("t.aloft.md");
    let text = "```toml source pets\npath = \"pictures\"\n```\n\n```sql query dogs\nSELECT class, path FROM pets WHERE class = \
                'dogs' ORDER BY path\n```\n";
    fs::write(&notebook, text).unwrap();
    let workspace = Workspace::open(&notebook).unwrap();
    let evaluator = Evaluator::without_disk();
    let Output::Table(pets) = evaluator
        .evaluate(&workspace, "pets", Scope::All, &Cancel::new())
        .unwrap()
    else {
        panic!("a table")
    };
    assert_eq!(pets.reading.unwrap().pictures, ["path"]);
    let pictures = |cell: &str, column: &str, first| {
        let wanted = Stretch {
            column,
            first,
            rows: 32,
        };
        evaluator.thumbnails(&workspace, cell, Scope::All, wanted, 160, &Cancel::new())
    };
    let sizes = |cell: &str, first| -> Vec<Option<(u32, u32)>> {
        let pictures = pictures(cell, "path", first).unwrap();
        pictures
            .iter()
            .map(|picture| Some((picture.as_ref()?.width, picture.as_ref()?.height)))
            .collect()
    };
    let seen = Some((2, 1));
    assert_eq!(sizes("pets", 0), [seen, seen, seen, seen, None]);
    assert_eq!(sizes("dogs", 1), [seen, None], "rows count in the query");
    let first = pictures("dogs", "path", 0).unwrap().remove(0).unwrap();
    assert_eq!(first.rgba, [255, 0, 0, 255, 0, 0, 255, 255]);

    fs::remove_file(folder.path().join("pictures/dogs/a.png")).unwrap();
    assert!(
        pictures("dogs", "class", 0).unwrap().iter().all(Option::is_none),
        "no file is named so"
    );
}

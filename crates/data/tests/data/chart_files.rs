//! Charts as files: SVG, and PNG drawn from it.

use crate::charts::{chart, spec_of, table};
use crate::common::*;
use aloft_spec::Code;
use aloft_spec::chart::Mark;

/// The picture is the file: as large, with the marks' colours where they are, and with words.
#[test]
fn png_files_are_drawn_from_svg_files() {
    let folder = Folder::new();
    let table = table(&folder);
    let chart = chart(&table, Mark::Bar, "word", Some("n"));
    let picture = aloft_data::picture(&chart, 2.0).unwrap();
    let svg = aloft_data::svg(&chart);
    let height: u32 = svg
        .split("height=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!((picture.width, picture.height), (1600, 2 * height));
    let count = |wanted: [u8; 4]| picture.rgba.chunks(4).filter(|pixel| **pixel == wanted).count();
    let all = picture.rgba.len() / 4;
    let [_, red, green, blue] = aloft_spec::colors::LIGHT.class(0).to_be_bytes();
    assert!(count([255; 4]) > all / 3, "the ground is white");
    assert!(
        count([red, green, blue, 255]) > all / 100,
        "bars have their colour"
    );
    // Names of the axes are drawn in their colour: letters are there, not only boxes for them.
    assert!(count([0x5d, 0x65, 0x6e, 255]) > 200, "words are drawn");
    let decoded = image::load_from_memory(&aloft_data::png(&chart, 2.0).unwrap()).unwrap();
    assert_eq!(decoded.to_rgba8().as_raw(), &picture.rgba);
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1000.0] {
        assert_eq!(aloft_data::png(&chart, scale).unwrap_err().code, Code::BadValue);
    }
    for (name, code) in [
        ("a.svg", None),
        ("a.PNG", None),
        ("a.pdf", Some(Code::Unsupported)),
        ("no/a.png", Some(Code::NotFound)),
    ] {
        let written = aloft_data::write_chart(&chart, &folder.path().join(name));
        assert_eq!(written.err().map(|problem| problem.code), code, "{name}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("a.svg")).unwrap(), svg);
}

#[test]
fn svg_files_are_as_they_were() {
    let folder = Folder::new();
    let table = table(&folder);
    let svg = |mark: Mark, x: &str, y: Option<&str>, color: Option<&str>| {
        let mut spec = spec_of(mark, x, y);
        spec.color = color.map(Into::into);
        spec.bins = Some(4);
        aloft_data::svg(&table.chart(&spec).unwrap())
    };
    insta::assert_snapshot!("bar", svg(Mark::Bar, "word", Some("n"), Some("truth")));
    insta::assert_snapshot!("line", svg(Mark::Line, "day", Some("real"), None));
    insta::assert_snapshot!("box", svg(Mark::Box, "word", Some("real"), None));
    insta::assert_snapshot!("heatmap", svg(Mark::Heatmap, "word", Some("n"), None));
    let escaped = whole(&folder.write("e.csv", "a<b & c,n\n\"x\"\"<y>\",1\n"));
    let text = aloft_data::svg(&chart(&escaped, Mark::Bar, "a<b & c", Some("n")));
    assert!(
        text.contains("a&lt;b &amp; c") && text.contains("x&quot;&lt;y&gt;"),
        "{text}"
    );
}

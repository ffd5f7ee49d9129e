//! A chart as pixels: the SVG file, drawn with the font that comes with Aloft, so that the picture is the same on any
//! machine.

use super::svg::svg;
use crate::error::{DataError, Result};
use aloft_spec::{Code, Problem, chart::ChartData};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};
use std::sync::{Arc, LazyLock};

/// The one face of charts. The file names the family too, so that programs that have it show the same.
const INTER: &[u8] = include_bytes!("../../../../assets/fonts/Inter-Regular.ttf");
const FAMILY: &str = "Inter";
/// A picture takes four bytes a pixel; no screen or page shows more of them.
const MOST_PIXELS: f32 = 1e8;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(INTER.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
});

/// A picture in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Red, green, blue and alpha of each pixel, row by row from the top. Charts have no transparent pixels.
    pub rgba: Vec<u8>,
}

/// The chart as the bytes of a PNG file, `scale` pixels a point of its SVG file: 800 wide at 1.
///
/// # Errors
/// `BadValue` for a scale that gives no picture, or one of more than 100 million pixels.
pub fn png(chart: &ChartData, scale: f32) -> std::result::Result<Vec<u8>, Problem> {
    let drawn = draw(chart, scale)?;
    Ok(drawn.encode_png().map_err(|error| broken(&error))?)
}

/// The chart as pixels, for a clipboard.
///
/// # Errors
/// As [`png`].
pub fn picture(chart: &ChartData, scale: f32) -> std::result::Result<Picture, Problem> {
    let drawn = draw(chart, scale)?;
    Ok(Picture {
        width: drawn.width(),
        height: drawn.height(),
        // The ground is opaque, so that premultiplied colours are the plain ones.
        rgba: drawn.take(),
    })
}

fn draw(chart: &ChartData, scale: f32) -> Result<Pixmap> {
    let options = Options {
        font_family: FAMILY.into(),
        fontdb: FONTS.clone(),
        ..Options::default()
    };
    let tree = Tree::from_str(&svg(chart), &options).map_err(|error| broken(&error))?;
    let size = tree.size();
    let (width, height) = ((size.width() * scale).round(), (size.height() * scale).round());
    let fits = width >= 1.0 && height >= 1.0 && width * height <= MOST_PIXELS;
    let pixels = fits.then(|| Pixmap::new(width as u32, height as u32)).flatten();
    let Some(mut pixels) = pixels else {
        return Err(DataError::BadValue {
            what: format!("a chart can't be drawn at {scale} times its size"),
            hint: "choose a scale between 0.1 and 10".into(),
        });
    };
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(pixels)
}

/// The file is ours, and whatever is in the data was escaped.
fn broken(error: &dyn std::error::Error) -> DataError {
    DataError::Other(
        Problem::new(Code::Internal, format!("the chart can't be drawn: {error}"))
            .with_hint("save it as SVG instead, and please report the cell that caused it"),
    )
}

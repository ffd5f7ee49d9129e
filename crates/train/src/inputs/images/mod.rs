//! Pictures: PNG or JPEG bytes, brought to one size, each channel standardized by the training part.

mod decode;
mod vary;

use super::Examples;
use crate::{
    batch::Batch,
    error::{Result, TrainError},
};
use aloft_nn::rng::Random;
use aloft_spec::{inputs::ImageSpec, text::thousands};
pub use decode::Size;
use polars::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use vary::Variation;

/// Height and width of pictures when nothing is set, at the most.
const MOST_PIXELS: usize = 64;
/// Pictures that are looked at for their size.
const LOOKED_AT: usize = 100;
/// Pictures are moved by this share of their shorter side when nothing is set.
const SHIFT: usize = 14;

/// What was fitted for pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Images {
    /// The column of bytes.
    pub column: String,
    /// The size that all are brought to.
    pub size: Size,
    /// What becomes zero of each channel, where black is 0 and white 1: the background of drawings, else the mean over the
    /// training part.
    pub mean: Vec<f32>,
    /// The root mean square around it; 1 where it is 0.
    pub deviation: Vec<f32>,
    /// How training pictures are varied.
    pub variation: Variation,
}

/// Pictures as a model takes them; kept as bytes, a quarter of what they are as numbers.
#[derive(Debug)]
pub struct PictureRows {
    images: Images,
    /// [pictures, height, width, channels]
    pixels: Vec<u8>,
}

/// Pictures of a table before anything is fitted on them.
#[derive(Debug)]
pub struct Pictures {
    column: String,
    variation: Variation,
    size: Size,
    pixels: Vec<u8>,
    /// For each row of the table whether its picture could be read.
    pub readable: Vec<bool>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Pictures {
    /// Reads the pictures of a table, and finds the size where none is set.
    pub fn read(spec: &ImageSpec, frame: &DataFrame) -> Result<Self> {
        let bytes = bytes(&spec.column, frame)?;
        let found = bytes
            .iter()
            .flatten()
            .take(LOOKED_AT)
            .find_map(|bytes| Size::of(bytes));
        let Some(found) = found else {
            return Err(TrainError::EmptyData {
                message: format!("no picture of `{}` can be read", spec.column),
                hint: "it should hold PNG or JPEG files as bytes".into(),
            });
        };
        let [height, width] = spec
            .size
            .unwrap_or([found.height.min(MOST_PIXELS), found.width.min(MOST_PIXELS)]);
        let size = Size {
            height,
            width,
            channels: match spec.color {
                None => found.channels,
                Some(true) => 3,
                Some(false) => 1,
            },
        };
        let (pixels, readable) = pixels(size, &bytes);
        let damaged = readable.iter().filter(|readable| !**readable).count();
        Ok(Self {
            column: spec.column.clone(),
            variation: Variation {
                shift: spec.shift.unwrap_or(height.min(width) / SHIFT),
                flip: spec.flip,
                crop: spec.crop,
            },
            size,
            pixels,
            warnings: match damaged {
                0 => Vec::new(),
                _ => vec![format!(
                    "{} rows have a picture that is missing or damaged and are left out",
                    thousands(damaged as u64)
                )],
            },
            readable,
        })
    }

    /// Keeps the pictures of some rows of the table and standardizes by some of those: `rows` are the table's, all readable,
    /// `train` are places in `rows`.
    pub fn fit(self, rows: &[u32], train: &[u32]) -> PictureRows {
        // Pictures lie by readable rows alone.
        let mut place = 0;
        let places: Vec<usize> = self
            .readable
            .iter()
            .map(|readable| {
                place += usize::from(*readable);
                place.saturating_sub(1)
            })
            .collect();
        let numbers = self.size.numbers();
        let picture = |row: u32| &self.pixels[places[row as usize] * numbers..][..numbers];
        let mut pixels = Vec::with_capacity(rows.len() * numbers);
        rows.iter()
            .for_each(|row| pixels.extend_from_slice(picture(*row)));
        let (mean, deviation) = scale(
            self.size,
            train.iter().map(|index| picture(rows[*index as usize])),
        );
        PictureRows {
            images: Images {
                column: self.column,
                size: self.size,
                mean,
                deviation,
                variation: self.variation,
            },
            pixels,
        }
    }
}

impl Images {
    /// The pictures of a table, all rows of it.
    ///
    /// # Errors
    /// `MissingColumns`; `BadValue` naming the first row whose picture is missing or damaged.
    pub fn encode(&self, frame: &DataFrame) -> Result<PictureRows> {
        if frame.column(&self.column).is_err() {
            return Err(TrainError::MissingColumns {
                names: vec![self.column.clone()],
            });
        }
        let (pixels, readable) = pixels(self.size, &bytes(&self.column, frame)?);
        if let Some(row) = readable.iter().position(|readable| !readable) {
            return Err(TrainError::bad_value(
                format!("the picture of row {} is missing or damaged", row + 1),
                "leave the row out; the others can be predicted then",
            ));
        }
        Ok(PictureRows {
            images: self.clone(),
            pixels,
        })
    }
}

impl PictureRows {
    /// What was fitted.
    pub fn images(&self) -> &Images {
        &self.images
    }
}

impl Examples for PictureRows {
    fn count(&self) -> usize {
        self.pixels.len() / self.images.size.numbers().max(1)
    }

    fn row_bytes(&self) -> usize {
        4 * self.images.size.numbers()
    }

    fn bytes(&self) -> usize {
        self.pixels.len()
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()> {
        let (size, width) = (self.images.size, self.images.size.numbers());
        batch.fill(indices.len(), |numbers, _| {
            numbers.reserve(indices.len() * width);
            for &index in indices {
                let picture = &self.pixels[index as usize * width..][..width];
                for pixel in picture.chunks_exact(size.channels) {
                    let scales = self.images.mean.iter().zip(&self.images.deviation);
                    let number = |(value, (mean, deviation)): (&u8, (&f32, &f32))| {
                        (f32::from(*value) / 255.0 - mean) / deviation
                    };
                    numbers.extend(pixel.iter().zip(scales).map(number));
                }
            }
        });
        Ok(())
    }

    fn vary(&self, batch: &mut Batch, random: &mut Random) {
        let Images { size, variation, .. } = &self.images;
        if variation.is_none() {
            return;
        }
        for picture in batch.numbers_mut().chunks_exact_mut(size.numbers()) {
            variation.apply(*size, picture, random);
        }
    }
}

/// The bytes of each row.
fn bytes<'a>(column: &str, frame: &'a DataFrame) -> Result<Vec<Option<&'a [u8]>>> {
    let series = frame.column(column)?.as_materialized_series();
    match series.dtype() {
        DataType::Binary => Ok(series.binary()?.iter().collect()),
        dtype => Err(TrainError::bad_value(
            format!("column `{column}` is of type {dtype}, and pictures are bytes"),
            "name the column that holds PNG or JPEG files as `column` in `[image]`",
        )),
    }
}

/// The pixels of all pictures that can be read, one behind the other, and which those are.
fn pixels(size: Size, bytes: &[Option<&[u8]>]) -> (Vec<u8>, Vec<bool>) {
    let pictures: Vec<Option<Vec<u8>>> = bytes
        .par_iter()
        .map(|bytes| bytes.and_then(|bytes| size.pixels(bytes)))
        .collect();
    let readable = pictures.iter().map(Option::is_some).collect();
    (pictures.into_iter().flatten().flatten().collect(), readable)
}

/// What becomes zero, and the root mean square around it, of each channel over some pictures. That is the background where
/// more than half of all pixels have one value, as in drawings, so that nothing is seen where nothing was drawn (and products leave
/// it out); the mean of other pictures.
fn scale<'a>(size: Size, pictures: impl Iterator<Item = &'a [u8]>) -> (Vec<f32>, Vec<f32>) {
    const LEVELS: usize = 256;
    let mut counts = vec![[0_u64; LEVELS]; size.channels];
    for picture in pictures {
        for pixel in picture.chunks_exact(size.channels) {
            for (counts, value) in counts.iter_mut().zip(pixel) {
                counts[usize::from(*value)] += 1;
            }
        }
    }
    let scales = counts.iter().map(|counts| {
        let all = counts.iter().sum::<u64>();
        let mean_of = |function: &dyn Fn(f64) -> f64| {
            let sum: f64 = (0..LEVELS)
                .map(|level| counts[level] as f64 * function(level as f64 / 255.0))
                .sum();
            sum / all.max(1) as f64
        };
        let zero = match counts.iter().position(|count| 2 * count > all) {
            Some(background) => background as f64 / 255.0,
            None => mean_of(&|value| value),
        };
        let spread = mean_of(&|value| (value - zero).powi(2)).sqrt();
        (zero as f32, if spread > 0.0 { spread as f32 } else { 1.0 })
    });
    scales.unzip()
}

#[cfg(test)]
mod tests {
    use super::{decode::tests::grey, *};
    use aloft_spec::{Code, Problem};

    fn frame() -> DataFrame {
        let picture = |level: u8| Some(grey(4, 4, |y, _| if y < 2 { 0 } else { level }));
        let pictures = [
            picture(200),
            None,
            picture(100),
            Some(b"torn".to_vec()),
            picture(0),
        ];
        let bytes: BinaryChunked = pictures.iter().map(|picture| picture.as_deref()).collect();
        DataFrame::new(5, vec![bytes.with_name("image".into()).into_column()]).unwrap()
    }

    #[test]
    fn pictures_are_standardized_by_the_training_part() {
        let pictures = Pictures::read(&ImageSpec::default(), &frame()).unwrap();
        assert_eq!(pictures.readable, [true, false, true, false, true]);
        assert!(pictures.warnings[0].starts_with("2 rows"));
        // Rows 2 and 4 are kept, and row 2 is learned from: half of it 0, half 100.
        let rows = pictures.fit(&[2, 4], &[0]);
        assert_eq!(rows.count(), 2);
        let mut batch = Batch::default();
        rows.gather(&[0, 1], &mut batch).unwrap();
        let numbers = batch.rows().numbers.to_vec();
        assert!((numbers[0] + 1.0).abs() < 1e-5 && (numbers[15] - 1.0).abs() < 1e-5);
        assert!(numbers[16..].iter().all(|number| (number + 1.0).abs() < 1e-5));
        let readable = frame().take(&IdxCa::from_vec("rows".into(), vec![2, 4])).unwrap();
        let mut again = Batch::default();
        rows.images()
            .encode(&readable)
            .unwrap()
            .gather(&[0, 1], &mut again)
            .unwrap();
        assert_eq!(again.rows().numbers, numbers);
        let damaged = rows.images().encode(&frame()).unwrap_err();
        assert!(Problem::from(damaged).message.contains("row 2"));
    }

    #[test]
    fn the_background_of_drawings_is_zero() {
        let size = Size {
            height: 2,
            width: 2,
            channels: 2,
        };
        // The first channel is 51 but in one of four pixels; the second has no background.
        let picture = [51, 0, 51, 0, 255, 204, 51, 102];
        let (zero, spread) = scale(size, [&picture[..]].into_iter());
        assert!((zero[0] - 0.2).abs() < 1e-6 && (spread[0] - 0.4).abs() < 1e-6);
        assert!((zero[1] - 0.3).abs() < 1e-6, "{zero:?}");
        assert_eq!(scale(size, [].into_iter()).1, [1.0, 1.0]);
    }

    #[test]
    fn what_is_no_picture_is_told() {
        let column = ImageSpec {
            column: "n".into(),
            ..ImageSpec::default()
        };
        let numbers = DataFrame::new(2, vec![Column::new("n".into(), [1, 2])]).unwrap();
        let problem = Problem::from(Pictures::read(&column, &numbers).unwrap_err());
        assert_eq!(problem.code, Code::BadValue);
        let torn: BinaryChunked = [Some(&b"x"[..])].into_iter().collect();
        let torn = DataFrame::new(1, vec![torn.with_name("n".into()).into_column()]).unwrap();
        assert_eq!(
            Problem::from(Pictures::read(&column, &torn).unwrap_err()).code,
            Code::EmptyData
        );
    }
}

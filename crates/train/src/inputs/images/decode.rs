//! PNG and JPEG bytes to pixels of one size.

use image::{DynamicImage, imageops::FilterType};
use serde::{Deserialize, Serialize};

/// The size that all pictures are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
}

impl Size {
    /// Numbers of a picture.
    pub fn numbers(self) -> usize {
        self.height * self.width * self.channels
    }

    /// That of a picture as it is; `None` where it is damaged. Transparency doesn't count.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let picture = image::load_from_memory(bytes).ok()?;
        Some(Self {
            height: picture.height() as usize,
            width: picture.width() as usize,
            channels: if picture.color().has_color() { 3 } else { 1 },
        })
    }

    /// The pixels of a picture, [height, width, channels], scaled where it has another size; `None` where it is damaged.
    pub fn pixels(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let picture = image::load_from_memory(bytes).ok()?;
        let fits = (picture.height() as usize, picture.width() as usize) == (self.height, self.width);
        let picture = match fits {
            true => picture,
            // A triangle as wide as what becomes one pixel: all pixels count when a picture is made smaller.
            false => picture.resize_exact(self.width as u32, self.height as u32, FilterType::Triangle),
        };
        Some(match self.channels {
            1 => DynamicImage::into_luma8(picture).into_raw(),
            _ => DynamicImage::into_rgb8(picture).into_raw(),
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use image::{GrayImage, ImageFormat, Luma, RgbImage};
    use std::io::Cursor;

    /// A grey picture as PNG.
    pub fn grey(height: u32, width: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let picture = GrayImage::from_fn(width, height, |x, y| Luma([pixel(y, x)]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_come_to_one_size() {
        let bytes = grey(4, 6, |y, x| (10 * y + x) as u8);
        let size = Size::of(&bytes).unwrap();
        assert_eq!((size.height, size.width, size.channels), (4, 6, 1));
        let pixels = size.pixels(&bytes).unwrap();
        assert_eq!((pixels.len(), pixels[7]), (24, 11));
        let half = Size {
            height: 2,
            width: 3,
            channels: 3,
        }
        .pixels(&bytes)
        .unwrap();
        assert_eq!(half.len(), 18);
        assert!(
            half.chunks(3)
                .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2])
        );
        assert!(Size::of(b"no picture").is_none() && size.pixels(&bytes[..20]).is_none());
    }

    #[test]
    fn colours_are_found() {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_fn(2, 2, |x, _| image::Rgb([x as u8 * 200, 0, 0]));
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        assert_eq!(Size::of(&bytes.into_inner()).unwrap().channels, 3);
    }
}

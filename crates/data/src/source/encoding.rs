//! Which encoding a text file has, and the same text as UTF-8.

use super::{
    access::Access,
    content::{self, Content},
};
use crate::{
    Cancel,
    error::{DataError, Result},
    fingerprint,
};
use aloft_spec::reading;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::{
    io::{Read, Write},
    path::Path,
};

/// What is looked at to guess.
pub(crate) const HEAD: usize = 256 << 10;
/// What is decoded at once.
const CHUNK: usize = 1 << 18;

/// A text file as polars can read it.
#[derive(Clone)]
pub(crate) struct Text {
    /// The file itself where it is UTF-8, else a copy that is.
    pub content: Content,
    /// The encoding of the file.
    pub encoding: &'static Encoding,
    pub byte_order_mark: bool,
    /// Whether the encoding was guessed from the bytes and not said by a key.
    pub guessed: bool,
}

impl Text {
    /// Opens a text file. `label` is what the key `encoding` says.
    pub(crate) fn open(file: &Path, label: Option<&str>, access: &Access, cancel: &Cancel) -> Result<Self> {
        let (head, whole) = content::head(file, HEAD)?;
        let mark = Encoding::for_bom(&head);
        let encoding = match label {
            Some(label) => by_label(label)?,
            None => match mark {
                Some((encoding, _)) => encoding,
                None => guess(file, &head, whole)?,
            },
        };
        Self::as_encoding(file, encoding, mark.is_some(), label.is_none(), access, cancel)
    }

    /// The first bytes of a text; `None` where they aren't UTF-8 by what the key `encoding` says.
    pub(crate) fn of_head(mut head: &[u8], label: Option<&str>) -> Result<Option<Self>> {
        let mark = Encoding::for_bom(head);
        if mark.is_some_and(|(encoding, _)| encoding != UTF_8)
            || label
                .map(by_label)
                .transpose()?
                .is_some_and(|named| named != UTF_8)
        {
            return Ok(None);
        }
        if let Some((_, length)) = mark {
            head = &head[length..];
        }
        Ok(Some(Self {
            content: Content::memory(head.to_vec()),
            encoding: UTF_8,
            byte_order_mark: mark.is_some(),
            guessed: label.is_none(),
        }))
    }

    /// The same file read as a single-byte or other encoding, after it turned out not to be UTF-8 at `around`.
    pub(crate) fn reopen(file: &Path, around: &[u8], access: &Access, cancel: &Cancel) -> Result<Self> {
        let (mut sample, _) = content::head(file, HEAD)?;
        sample.extend_from_slice(around);
        Self::as_encoding(file, detect(&sample), false, true, access, cancel)
    }

    fn as_encoding(
        file: &Path,
        encoding: &'static Encoding,
        byte_order_mark: bool,
        guessed: bool,
        access: &Access,
        cancel: &Cancel,
    ) -> Result<Self> {
        let content = if encoding == UTF_8 {
            Content::File(file.to_owned())
        } else {
            let key = ["utf-8 of", encoding.name(), &fingerprint::of_file(file)?];
            access.copy(&key, "txt", |out| decode(file, encoding, out, cancel))?
        };
        Ok(Self {
            content,
            encoding,
            byte_order_mark,
            guessed,
        })
    }

    /// As it is shown.
    pub(crate) fn reading(&self) -> reading::Encoding {
        reading::Encoding {
            name: self.encoding.name().to_owned(),
            byte_order_mark: self.byte_order_mark,
        }
    }
}

fn by_label(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).ok_or_else(|| DataError::BadValue {
        what: format!("`{label}` is no encoding"),
        hint: "for instance `utf-8`, `windows-1252`, `iso-8859-2`, `utf-16le`, `shift_jis`, `gbk`".into(),
    })
}

fn guess(file: &Path, head: &[u8], whole: bool) -> Result<&'static Encoding> {
    if head.contains(&0) {
        return utf16(head).ok_or_else(|| {
            let hint = "say `format` if its ending is misleading";
            DataError::unreadable(file, "this isn't a text file", hint)
        });
    }
    match std::str::from_utf8(head) {
        Ok(_) => Ok(UTF_8),
        // A letter that is cut in two by the end of the head.
        Err(error) if error.error_len().is_none() && !whole => Ok(UTF_8),
        Err(_) => Ok(detect(head)),
    }
}

fn detect(sample: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// UTF-16 without a byte order mark: nearly every second byte of a Latin text is zero.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| {
        head.iter()
            .skip(from)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
    if odd * 2 > pairs && even * 20 < pairs {
        Some(UTF_16LE)
    } else if even * 2 > pairs && odd * 20 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Writes a file as UTF-8, without a byte order mark.
fn decode(file: &Path, encoding: &'static Encoding, out: &mut dyn Write, cancel: &Cancel) -> Result<()> {
    let writing = |error| DataError::writing(file, error);
    let mut reader = content::reader(file)?;
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut bytes = vec![0; CHUNK];
    let mut text = vec![0; CHUNK * 3 + 16];
    let mut line = 1;
    loop {
        cancel.step()?;
        let read = reader
            .read(&mut bytes)
            .map_err(|error| DataError::decompressing(file, &error))?;
        let mut rest = &bytes[..read];
        loop {
            let (result, consumed, written) =
                decoder.decode_to_utf8_without_replacement(rest, &mut text, read == 0);
            out.write_all(&text[..written]).map_err(writing)?;
            line += memchr::memchr_iter(b'\n', &text[..written]).count();
            rest = &rest[consumed..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    return Err(DataError::unreadable_at(
                        file,
                        line,
                        format!("this row isn't valid {}", encoding.name()),
                        "set `encoding` to the one that the file was saved in, or save it as UTF-8",
                    ));
                }
            }
        }
        if read == 0 {
            return out.flush().map_err(writing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_by_their_bytes() {
        let told = |bytes: &[u8]| guess(Path::new("t"), bytes, true).map(Encoding::name).ok();
        assert_eq!(told(b"plain"), Some("UTF-8"));
        assert_eq!(told("Zoë,Łódź".as_bytes()), Some("UTF-8"));
        assert_eq!(
            told(b"name,city\nJos\xe9,M\xfcnchen\nAndr\xe9,Gen\xe8ve\n"),
            Some("windows-1252")
        );
        assert_eq!(told(b"a\0,\0b\0\n\0"), Some("UTF-16LE"));
        assert_eq!(told(b"\0a\0,\0b\0\n"), Some("UTF-16BE"));
        assert_eq!(told(b"\x7fELF\0\0\0\0\x01\x02"), None);
        assert!(by_label("latin1").is_ok() && by_label("klingon").is_err());
    }
}

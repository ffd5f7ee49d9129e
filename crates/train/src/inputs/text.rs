//! Texts as hashed tokens: n-grams of words and of letters in a bag, or words one after the other. Nothing is fitted but
//! the length, and a token that was never seen has its place.

use super::Shape;
use crate::{
    batch::Encoded,
    error::{Result, TrainError},
    preprocess::values,
};
use aloft_spec::{inputs::TextSpec, train::ModelKind};
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Share of the training texts that are taken whole when no length is set.
const WHOLE: f64 = 0.98;
/// Tokens of a text when no length is set, at most: in a bag, and in a sequence.
const MOST_TOKENS: (usize, usize) = (512, 128);

/// How texts are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// The column of texts.
    pub column: String,
    /// Words of an n-gram at most; 0 for none.
    pub words: usize,
    /// Letters of an n-gram at most; 0 for none.
    pub letters: usize,
    /// Tokens that there are; 0 is none.
    pub buckets: usize,
    /// Tokens of a text at most.
    pub length: usize,
    /// Whether tokens have an order.
    pub order: bool,
}

impl Texts {
    /// How the texts of a table are read, the length by those of the training rows.
    ///
    /// # Errors
    /// `BadValue` where the column holds no texts, `EmptyData` where the training part has none.
    pub fn fit(spec: &TextSpec, kind: ModelKind, frame: &DataFrame, train: &[u32]) -> Result<Self> {
        let order = kind.reads_sequences();
        let mut texts = Self {
            column: spec.column.clone(),
            words: spec.words,
            letters: spec.letters,
            buckets: spec.buckets,
            length: 0,
            order,
        };
        let column = texts.texts(frame)?;
        let mut lengths: Vec<usize> = train
            .iter()
            .filter_map(|row| column.get(*row as usize))
            .map(|text| texts.tokens(text).len())
            .collect();
        lengths.sort_unstable();
        let whole = (lengths.len() as f64 * WHOLE).ceil() as usize;
        let found = lengths.get(whole.saturating_sub(1)).copied().unwrap_or_default();
        if found == 0 {
            return Err(TrainError::EmptyData {
                message: format!("the training part has no words in `{}`", spec.column),
                hint: "name the column that holds the texts as `column` in `[text]`".into(),
            });
        }
        let most = if order { MOST_TOKENS.1 } else { MOST_TOKENS.0 };
        texts.length = spec.length.unwrap_or(found.min(most)).max(1);
        Ok(texts)
    }

    /// What a text looks like to a model.
    pub fn shape(&self) -> Shape {
        Shape::Tokens {
            positions: self.length,
            tokens: self.buckets,
            order: self.order,
        }
    }

    /// The texts of a table: tokens, and in a bag the weight of each, so that the squares of a text's weights sum up to 1.
    ///
    /// # Errors
    /// `MissingColumns`; `BadValue` where the column holds no texts.
    pub fn encode(&self, frame: &DataFrame) -> Result<Encoded> {
        if frame.column(&self.column).is_err() {
            return Err(TrainError::MissingColumns {
                names: vec![self.column.clone()],
            });
        }
        let column = self.texts(frame)?;
        let rows = frame.height();
        let mut encoded = Encoded {
            rows,
            numeric_width: if self.order { 0 } else { self.length },
            category_width: self.length,
            ..Encoded::default()
        };
        for text in column.iter() {
            let mut tokens = self.tokens(text.unwrap_or_default());
            tokens.truncate(self.length);
            let end = (
                encoded.numeric.len() + encoded.numeric_width,
                encoded.categories.len() + self.length,
            );
            if !self.order {
                let squares: f32 = tokens.iter().map(|(_, weight)| weight * weight).sum();
                let norm = squares.sqrt().max(f32::MIN_POSITIVE);
                encoded
                    .numeric
                    .extend(tokens.iter().map(|(_, weight)| weight / norm));
            }
            encoded.categories.extend(tokens.iter().map(|(token, _)| token));
            encoded.numeric.resize(end.0, 0.0);
            encoded.categories.resize(end.1, 0);
        }
        Ok(encoded)
    }

    fn texts(&self, frame: &DataFrame) -> Result<StringChunked> {
        values::texts(frame.column(&self.column)?.as_materialized_series())
    }

    /// The tokens of a text in their order; in a bag each one once, with the logarithm of how often it comes.
    fn tokens(&self, text: &str) -> Vec<(u32, f32)> {
        let text = text.to_lowercase();
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut tokens = Vec::new();
        if self.order {
            match self.words {
                0 => text
                    .chars()
                    .for_each(|c| tokens.push(self.bucket(&[c.encode_utf8(&mut [0; 4])]))),
                _ => words.iter().for_each(|word| tokens.push(self.bucket(&[*word]))),
            }
            return tokens.into_iter().map(|token| (token, 1.0)).collect();
        }
        for length in 1..=self.words {
            tokens.extend(words.windows(length).map(|words| self.bucket(words)));
        }
        if self.letters > 0 {
            for word in &words {
                // A word's ends are letters too, so that its beginning is another n-gram than its middle.
                let letters: Vec<String> = format!("<{word}>").chars().map(String::from).collect();
                let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
                for length in 2..=self.letters {
                    let grams = letters.windows(length);
                    tokens.extend(grams.map(|gram| self.bucket(&[&["letters"], gram].concat())));
                }
            }
        }
        let mut counts: HashMap<u32, (usize, f32)> = HashMap::new();
        for (place, token) in tokens.into_iter().enumerate() {
            counts.entry(token).or_insert((place, 0.0)).1 += 1.0;
        }
        let mut tokens: Vec<(usize, u32, f32)> = counts
            .into_iter()
            .map(|(token, (place, count))| (place, token, 1.0 + count.ln()))
            .collect();
        tokens.sort_unstable_by_key(|(place, ..)| *place);
        tokens
            .into_iter()
            .map(|(_, token, weight)| (token, weight))
            .collect()
    }

    /// The place of an n-gram, from 1.
    fn bucket(&self, parts: &[&str]) -> u32 {
        1 + (hash(parts) % (self.buckets.max(2) as u64 - 1)) as u32
    }
}

/// FNV-1a of 64 bits (Fowler, Noll and Vo), the same on every machine; a byte that no text has stands between parts.
fn hash(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    };
    for part in parts {
        part.bytes().for_each(&mut add);
        add(0xff);
    }
    // The low bits of FNV are weak; the high ones are mixed in.
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::{Code, Problem};

    fn frame(texts: &[Option<&str>]) -> DataFrame {
        DataFrame::new(texts.len(), vec![Column::new("text".into(), texts)]).unwrap()
    }

    fn fit(spec: &TextSpec, kind: ModelKind, texts: &[Option<&str>]) -> Texts {
        let train: Vec<u32> = (0..texts.len() as u32).collect();
        Texts::fit(spec, kind, &frame(texts), &train).unwrap()
    }

    const TEXTS: [Option<&str>; 3] = [Some("The cat, the CAT!"), Some("a dog"), None];

    #[test]
    fn a_bag_holds_each_gram_once() {
        let texts = fit(&TextSpec::new("text"), ModelKind::Linear, &TEXTS);
        // the, cat, the cat, cat the.
        assert_eq!((texts.length, texts.order), (4, false));
        let encoded = texts.encode(&frame(&TEXTS)).unwrap();
        assert_eq!(
            (encoded.rows, encoded.numeric_width, encoded.category_width),
            (3, 4, 4)
        );
        let weights = &encoded.numeric[..4];
        assert!((weights.iter().map(|weight| weight * weight).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(weights[0], weights[1]);
        assert!(weights[0] > weights[3], "a word that comes twice counts more");
        assert_eq!(encoded.numeric[4 + 3], 0.0, "a dog has three grams");
        assert_eq!(
            (&encoded.numeric[8..], &encoded.categories[8..]),
            (&[0.0; 4][..], &[0; 4][..])
        );
        assert!(
            encoded.categories[..4]
                .iter()
                .all(|token| (1..texts.buckets as u32).contains(token))
        );
        let other = texts.encode(&frame(&[Some("cat the")])).unwrap();
        assert!(
            encoded.categories[..4].contains(&other.categories[2]),
            "grams are of neighbours"
        );
    }

    #[test]
    fn a_sequence_keeps_the_order() {
        let texts = fit(&TextSpec::new("text"), ModelKind::Transformer, &TEXTS);
        let encoded = texts.encode(&frame(&TEXTS)).unwrap();
        assert_eq!(
            (texts.length, encoded.numeric_width, encoded.category_width),
            (4, 0, 4)
        );
        let tokens = &encoded.categories;
        assert_eq!((tokens[0], tokens[1]), (tokens[2], tokens[3]));
        assert_eq!(tokens[6..], [0; 6]);
        let letters = TextSpec {
            words: 0,
            length: Some(5),
            ..TextSpec::new("text")
        };
        let letters = fit(&letters, ModelKind::Transformer, &TEXTS)
            .encode(&frame(&TEXTS))
            .unwrap();
        assert_eq!(
            letters.categories[..2],
            [letters.categories[0], letters.categories[1]]
        );
        assert_eq!(
            (letters.category_width, letters.categories[4]),
            (5, fit_letter('c'))
        );
    }

    fn fit_letter(letter: char) -> u32 {
        let texts = fit(&TextSpec::new("text"), ModelKind::Transformer, &TEXTS);
        texts.bucket(&[letter.to_string().as_str()])
    }

    #[test]
    fn letters_make_words_alike_that_are_written_alike() {
        let spec = TextSpec {
            letters: 3,
            ..TextSpec::new("text")
        };
        let texts = fit(&spec, ModelKind::Mlp, &[Some("weather forecast")]);
        let tokens = |text: &str| {
            texts
                .tokens(text)
                .into_iter()
                .map(|(token, _)| token)
                .collect::<Vec<_>>()
        };
        let (right, wrong, other) = (tokens("weather"), tokens("wether"), tokens("cloud"));
        let shared = |other: &[u32]| right.iter().filter(|token| other.contains(token)).count();
        assert!(shared(&wrong) >= 6 && shared(&other) == 0);
    }

    #[test]
    fn nothing_to_read_is_told() {
        let fit = |texts: &[Option<&str>]| {
            Texts::fit(&TextSpec::new("text"), ModelKind::Mlp, &frame(texts), &[0]).unwrap_err()
        };
        assert_eq!(
            Problem::from(fit(&[Some(" - "), Some("a")])).code,
            Code::EmptyData
        );
    }
}

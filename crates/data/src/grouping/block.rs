//! Rows on their way to their groups.

/// Keys of some rows, and the values that totals are made of.
pub(super) struct Block<const W: usize> {
    pub keys: Vec<[u64; W]>,
    pub arguments: Arguments,
}

/// The values that totals are made of.
#[derive(Clone, Default)]
pub(super) struct Arguments {
    /// A word for each row of each argument: whole numbers with their sign, the others as the bits of an `f64`.
    pub words: Vec<Vec<u64>>,
    /// For each row a bit for each argument that has no value there; empty where all rows have all.
    pub nulls: Vec<u32>,
}

/// So many arguments have a bit.
pub(super) const MOST_ARGUMENTS: usize = u32::BITS as usize;

impl<const W: usize> Block<W> {
    pub fn new(arguments: usize) -> Self {
        Self {
            keys: Vec::new(),
            arguments: Arguments {
                words: vec![Vec::new(); arguments],
                nulls: Vec::new(),
            },
        }
    }

    pub fn clear(&mut self) {
        self.keys.clear();
        self.arguments.words.iter_mut().for_each(Vec::clear);
        self.arguments.nulls.clear();
    }
}

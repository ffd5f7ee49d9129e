//! Rows of a left side that lie within other numbers: those of a matrix, or the windows of an image. A window is a few runs
//! of memory, so a product can read it where it is; copied side by side ("im2col"), the windows of 3 x 3 pixels would take
//! nine times the memory of their image.

/// Rows that lie in lines: so many in each, one a step behind the other. Each has the same runs.
#[derive(Debug, Clone, Copy)]
pub struct Windows<'a> {
    numbers: &'a [f32],
    lines: usize,
    per_line: usize,
    step: usize,
    line_step: usize,
    offsets: &'a [usize],
    length: usize,
}

impl<'a> Windows<'a> {
    /// The rows of a matrix with so many columns.
    pub fn matrix(numbers: &'a [f32], columns: usize) -> Self {
        Self::new(
            numbers,
            [1, numbers.len() / columns.max(1)],
            [0, columns],
            &[0],
            columns,
        )
    }

    /// `lines` times `per_line` rows with steps from line to line and from row to row; runs of `length` numbers begin at
    /// `offsets` from a row's start.
    pub fn new(
        numbers: &'a [f32],
        [lines, per_line]: [usize; 2],
        [line_step, step]: [usize; 2],
        offsets: &'a [usize],
        length: usize,
    ) -> Self {
        let last = lines.saturating_sub(1) * line_step + per_line.saturating_sub(1) * step;
        let end = last + offsets.iter().max().unwrap_or(&0) + length;
        assert!(
            lines * per_line == 0 || end <= numbers.len(),
            "windows beyond their numbers"
        );
        Self {
            numbers,
            lines,
            per_line,
            step,
            line_step,
            offsets,
            length,
        }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.lines * self.per_line
    }

    /// Numbers of a row.
    pub fn inner(&self) -> usize {
        self.offsets.len() * self.length
    }

    /// Whether the rows lie one after the other without gaps.
    pub fn are_side_by_side(&self) -> bool {
        self.offsets.len() == 1
            && self.step == self.length
            && (self.lines <= 1 || self.line_step == self.per_line * self.step)
    }

    /// What the rows lie in.
    pub fn numbers(&self) -> &'a [f32] {
        self.numbers
    }

    /// Where runs begin, from a row's start.
    pub fn offsets(&self) -> &'a [usize] {
        self.offsets
    }

    /// Numbers of a run.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Where rows begin, without an end: whoever asks knows how many there are.
    #[inline(always)]
    pub fn starts(&self) -> Starts {
        Starts {
            start: 0,
            line: 0,
            place: 0,
            per_line: self.per_line,
            step: self.step,
            line_step: self.line_step,
        }
    }
}

/// Where one row after the other begins.
#[derive(Debug, Clone, Copy)]
pub struct Starts {
    start: usize,
    line: usize,
    place: usize,
    per_line: usize,
    step: usize,
    line_step: usize,
}

impl Starts {
    /// The next row's start.
    #[inline(always)]
    pub fn next(&mut self) -> usize {
        let start = self.start;
        self.place += 1;
        self.start += self.step;
        if self.place == self.per_line {
            self.place = 0;
            self.line += self.line_step;
            self.start = self.line;
        }
        start
    }
}

//! Lines on a terminal of 80 columns.

use comfy_table::{Attribute, Cell};

/// The columns of a terminal.
pub(super) const WIDTH: usize = 80;

/// Text that grows line by line.
pub(super) struct Page {
    pub(super) text: String,
    colour: bool,
}

impl Page {
    pub(super) fn new(colour: bool) -> Self {
        Self { text: String::new(), colour }
    }

    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    pub(super) fn wrapped(&mut self, text: &str, first: usize, others: usize) {
        let (first, others) = (" ".repeat(first), " ".repeat(others));
        // Words are what stands between spaces: nothing breaks 1e-11 or N/(N−1).
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(&first)
            .subsequent_indent(&others)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.line(&line);
        }
    }

    /// What was asked and found.
    pub(super) fn lead(&mut self, title: &str, question: &str, finding: &str) {
        for line in textwrap::wrap(&plain(title), WIDTH) {
            self.bold(&line);
        }
        self.wrapped(&plain(question), 0, 0);
        self.line("");
        self.wrapped(&plain(finding), 0, 0);
    }

    pub(super) fn bold(&mut self, text: &str) {
        let styled = self.styled(Cell::new(text).add_attribute(Attribute::Bold), text);
        self.line(&styled);
    }

    /// One cell of a table without borders is a styled text.
    pub(super) fn styled(&self, cell: Cell, plain: &str) -> String {
        if !self.colour {
            return plain.to_owned();
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::TableStyle::new()).enforce_styling();
        table.add_row(vec![cell.set_alignment(comfy_table::CellAlignment::Left)]);
        if let Some(column) = table.column_mut(0) {
            column.set_padding((0, 0));
        }
        table.to_string()
    }
}

/// What a file says in one line; it may not move the cursor.
pub(super) fn plain(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

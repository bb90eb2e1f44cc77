//! Filters that slide over an image.

use serde::{Deserialize, Serialize};

use super::{Shape, affine};
use crate::autodiff::Variable;

/// Square filters over an image given row by row, rectified; then a rectified hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Filters {
    /// The rows of the image.
    pub height: usize,
    /// The columns of the image.
    pub width: usize,
    /// The rows and columns of a filter.
    pub kernel: usize,
    /// The filters.
    pub filters: usize,
    /// The width of the hidden layer.
    pub hidden: usize,
}

impl Filters {
    /// The places of a filter: rows and columns.
    fn places(self) -> (usize, usize) {
        (self.height + 1 - self.kernel, self.width + 1 - self.kernel)
    }

    pub(super) fn fits(self, inputs: usize) -> Result<(), String> {
        let Self { height, width, kernel, filters, hidden } = self;
        if height * width != inputs {
            return Err(format!("an image of {height} × {width} pixels is not what the task shows, {inputs} numbers"));
        }
        if kernel == 0 || kernel > height.min(width) || filters == 0 || hidden == 0 {
            return Err(format!("a filter of {kernel} × {kernel} does not slide over {height} × {width} pixels"));
        }
        Ok(())
    }

    /// The filters as columns, their biases, the hidden layer and the last one.
    pub(super) fn shapes(self, outputs: usize, gain: f64) -> Vec<Shape> {
        let ((rows, columns), root) = (self.places(), std::f64::consts::SQRT_2);
        vec![
            Shape::weights(self.kernel * self.kernel, self.filters, root),
            Shape::row(self.filters, 0.0),
            Shape::weights(rows * columns * self.filters, self.hidden, root),
            Shape::row(self.hidden, 0.0),
            Shape::weights(self.hidden, outputs, gain),
            Shape::row(outputs, 0.0),
        ]
    }

    pub(super) fn step<'t>(self, p: &[Variable<'t>], input: Variable<'t>) -> Variable<'t> {
        let (images, pixels) = input.shape();
        let ((rows, columns), kernel) = (self.places(), self.kernel);
        let windows = rows * columns;
        let mut pixel = Vec::with_capacity(images * windows * kernel * kernel);
        for image in 0..images {
            for window in 0..windows {
                let corner = image * pixels + window / columns * self.width + window % columns;
                pixel.extend((0..kernel * kernel).map(|k| corner + k / kernel * self.width + k % kernel));
            }
        }
        let seen = input.pick(images * windows, kernel * kernel, pixel);
        let filtered = affine(seen, p[0], p[1]).relu();
        let flat = filtered.pick(images, windows * self.filters, (0..images * windows * self.filters).collect());
        affine(affine(flat, p[2], p[3]).relu(), p[4], p[5])
    }
}

//! Nothing lives here: the tests of this crate compare the gradients of `unbiased` with those of another library.

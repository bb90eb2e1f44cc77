//! Which instruction set a hot loop is compiled for. The bits never depend on it: the compiler may widen a loop but
//! neither reorders nor contracts floating-point operations.

/// A dispatch level: the same source, compiled for wider registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the build targets: on x86-64, SSE2.
    Plain,
    /// x86-64-v3 (AVX2).
    V3,
    /// x86-64-v4 (AVX-512).
    V4,
}

impl Level {
    /// The widest level that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::Plain)
    }

    /// Every level that this processor has, narrowest first.
    #[must_use]
    pub fn available() -> &'static [Self] {
        const ALL: [Level; 3] = [Level::Plain, Level::V3, Level::V4];
        #[cfg(target_arch = "x86_64")]
        {
            if pulp::x86::V4::try_new().is_some() {
                return &ALL;
            }
            if pulp::x86::V3::try_new().is_some() {
                return &ALL[..2];
            }
        }
        &ALL[..1]
    }

    /// Runs `operation` compiled for this level, or for the plain one where the processor lacks it.
    ///
    /// Only what is inlined into `operation` is compiled again, so its body calls `#[inline(always)]` functions.
    #[inline(always)]
    pub fn run<R>(self, operation: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::V4
                && let Some(simd) = pulp::x86::V4::try_new()
            {
                return simd.vectorize(operation);
            }
            if self >= Self::V3
                && let Some(simd) = pulp::x86::V3::try_new()
            {
                return simd.vectorize(operation);
            }
        }
        operation()
    }
}

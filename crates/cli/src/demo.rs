//! Demonstration data.

pub(crate) mod synthetic;

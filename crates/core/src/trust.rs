//! trust

pub mod list;

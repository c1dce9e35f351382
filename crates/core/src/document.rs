//! Documents: a [`Face`](crate::face::Face) in a file format, with a slot for the signature, and the
//! way back from the bytes of a file that nobody vouches for.

mod deflate;
mod numbers;
pub mod ofd;
pub mod pdf;

//! Handlers: parse, authorise, call core, answer. No rules live here.

pub(crate) mod catalogue;
pub(crate) mod certificates;
mod change;
pub(crate) mod health;
pub(crate) mod page;
pub(crate) mod pki;
pub(crate) mod problems;
pub(crate) mod refusal;
pub(crate) mod report;
pub(crate) mod seals;
pub(crate) mod timestamp;
pub(crate) mod verify;
pub(crate) mod view;

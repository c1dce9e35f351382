//! E-seals (电子印章).

pub mod impression;

//! A picture whose every use is counted, for a reader library that does not know when to give up.
//!
//! The library asks the picture for each pixel and for its sides at every step it takes, in every loop whose
//! length a picture can choose. So the count of these questions bounds its time, and unwinding out of one of them
//! is the way to stop it.

use std::{cell::Cell, panic::resume_unwind};

use image::{GenericImage, GenericImageView, GrayImage, Luma};

use super::bitmap::Bitmap;

/// A picture of ones where black and zeros where white.
pub(super) struct Metered<'a> {
    image: GrayImage,
    left: &'a Cell<u64>,
}

impl<'a> Metered<'a> {
    /// A picture that may be used for as many steps as are left.
    pub(super) fn of(bitmap: &Bitmap, left: &'a Cell<u64>) -> Self {
        let row = bitmap.width;
        let image = GrayImage::from_fn(row as u32, bitmap.height as u32, |x, y| {
            let black = bitmap.black.get(y as usize * row + x as usize);
            Luma([u8::from(black.copied().unwrap_or(false))])
        });
        Self { image, left }
    }

    /// Takes some steps. Where there are too few left, unwinds without a word and leaves none.
    fn charge(&self, steps: u64) {
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or(0));
        if left.is_none() {
            resume_unwind(Box::new("no steps left"));
        }
    }
}

impl Clone for Metered<'_> {
    /// Counts too: the library tries every three corners on a copy.
    fn clone(&self) -> Self {
        self.charge(self.image.len() as u64 / PIXELS_COPIED_IN_A_STEP);
        Self {
            image: self.image.clone(),
            left: self.left,
        }
    }
}

impl GenericImageView for Metered<'_> {
    type Pixel = Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.charge(1);
        self.image.dimensions()
    }

    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        self.charge(1);
        *self.image.get_pixel(x, y)
    }
}

impl GenericImage for Metered<'_> {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        self.charge(1);
        self.image.get_pixel_mut(x, y)
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.charge(1);
        self.image.put_pixel(x, y, pixel);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.put_pixel(x, y, pixel);
    }
}

/// Copying is quicker than asking; with the memory's first use, by about this much.
const PIXELS_COPIED_IN_A_STEP: u64 = 8;

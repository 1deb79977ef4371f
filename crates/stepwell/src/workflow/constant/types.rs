//! Sets of types of event, small enough for the compiler.

/// How many types a set can have.
pub(super) const TYPES: usize = 256;

const HALF: usize = TYPES / 2;

/// A set of types, known by their places.
#[derive(Clone, Copy)]
pub(super) struct Types(u128, u128);

impl Types {
    pub(super) const fn new() -> Self {
        Self(0, 0)
    }

    pub(super) const fn add(&mut self, event: usize) {
        if event < HALF {
            self.0 |= 1 << event;
        } else {
            self.1 |= 1 << (event - HALF);
        }
    }

    pub(super) const fn add_all(&mut self, other: &Self) {
        self.0 |= other.0;
        self.1 |= other.1;
    }

    /// Takes the first one out.
    pub(super) const fn take(&mut self) -> Option<usize> {
        let event = match (self.0, self.1) {
            (0, 0) => return None,
            (0, high) => HALF + high.trailing_zeros() as usize,
            (low, _) => low.trailing_zeros() as usize,
        };
        // Subtracting one clears the lowest bit, and those below it are clear.
        if event < HALF {
            self.0 &= self.0 - 1;
        } else {
            self.1 &= self.1 - 1;
        }
        Some(event)
    }

    pub(super) const fn has(&self, event: usize) -> bool {
        if event < HALF { self.0 >> event & 1 == 1 } else { self.1 >> (event - HALF) & 1 == 1 }
    }

    pub(super) const fn has_all(&self, other: &Self) -> bool {
        other.0 & !self.0 == 0 && other.1 & !self.1 == 0
    }

    pub(super) const fn meets(&self, other: &Self) -> bool {
        self.0 & other.0 != 0 || self.1 & other.1 != 0
    }

    pub(super) const fn and(&self, other: &Self) -> Self {
        Self(self.0 & other.0, self.1 & other.1)
    }

    pub(super) const fn without(&self, other: &Self) -> Self {
        Self(self.0 & !other.0, self.1 & !other.1)
    }

    pub(super) const fn len(&self) -> u32 {
        self.0.count_ones() + self.1.count_ones()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0 == 0 && self.1 == 0
    }
}

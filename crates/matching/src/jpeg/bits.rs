//! The bits of a scan: stuffed bytes taken out, an end at the first marker (T.81, F.2.2.5).

/// Bits that are held at least after a [`Bits::fill`]: more than the longest code with its value, twice.
const HELD: u32 = 56;

/// Whether one of eight bytes is 0xFF.
fn has_stuffing(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let inverse = !word;
    inverse.wrapping_sub(LOW) & !inverse & (LOW << 7) != 0
}

/// The entropy-coded bytes of one interval between restarts.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// Zeros that were added because the bytes had ended.
    added: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, held: 0, count: 0, added: 0 }
    }

    /// Takes bytes until more bits are held than any two codes need.
    pub(super) fn fill(&mut self) {
        if let Some(chunk) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_be_bytes(*chunk);
            if self.count < 64 && !has_stuffing(word) {
                // What is beyond the last whole byte comes again, as the same bits.
                self.held |= word >> self.count;
                let whole = (63 - self.count) / 8;
                self.at += whole as usize;
                self.count += whole * 8;
                return;
            }
        }
        while self.count <= HELD {
            let byte = self.next_byte();
            self.held |= u64::from(byte) << (HELD - self.count);
            self.count += 8;
        }
    }

    fn next_byte(&mut self) -> u8 {
        match self.bytes.get(self.at) {
            Some(0xFF) if self.bytes.get(self.at + 1) == Some(&0) => {
                self.at += 2;
                0xFF
            }
            Some(0xFF) | None => {
                self.added = self.added.saturating_add(8);
                0
            }
            Some(byte) => {
                self.at += 1;
                *byte
            }
        }
    }

    /// The next bits, at most 16, as a number.
    pub(super) fn peek(&self, bits: u32) -> usize {
        (self.held >> (64 - bits)) as usize
    }

    pub(super) fn skip(&mut self, bits: u32) {
        self.held <<= bits;
        self.count = self.count.saturating_sub(bits);
    }

    /// The next bits, at most 16, taken.
    pub(super) fn take(&mut self, bits: u32) -> i32 {
        if bits == 0 {
            return 0;
        }
        let value = self.peek(bits) as i32;
        self.skip(bits);
        value
    }

    pub(super) fn held(&self) -> u32 {
        self.count
    }

    /// Whether more was taken than there was.
    pub(super) fn overran(&self) -> bool {
        self.count < self.added
    }

    /// What follows the interval: its marker. Nothing where whole bytes of it are left.
    pub(super) fn finish(self) -> Option<&'a [u8]> {
        let left = self.count.saturating_sub(self.added);
        (!self.overran() && left < 8).then(|| &self.bytes[self.at.min(self.bytes.len())..])
    }
}

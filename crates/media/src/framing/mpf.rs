//! Multi-Picture Format index (CIPA DC-007, section 5.2): where the further images of a JPEG stand.

use crate::framing::numbers::{array, be16, be32, le16, le32};

/// One image of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Individual image attribute: flags and type.
    pub attribute: u32,
    /// Length in bytes.
    pub len: u32,
    /// Offset from the index's own TIFF header; zero for the first image.
    pub offset: u32,
}

/// More images than any camera writes.
const MOST: usize = 256;

/// The images of an index that starts at its TIFF header (after `MPF\0`), the first image included.
#[must_use]
pub fn images(blob: &[u8]) -> Vec<Image> {
    read(blob).unwrap_or_default()
}

fn read(blob: &[u8]) -> Option<Vec<Image>> {
    let big = match array::<4>(blob, 0)? {
        [b'M', b'M', 0, 42] => true,
        [b'I', b'I', 42, 0] => false,
        _ => return None,
    };
    let short = |at| if big { be16(blob, at) } else { le16(blob, at) };
    let long = |at| if big { be32(blob, at) } else { le32(blob, at) };
    let ifd = long(4)? as usize;
    let count = usize::from(short(ifd)?);
    let entry = (0..count)
        .map(|n| ifd.saturating_add(2).saturating_add(n.saturating_mul(12)))
        .find(|at| short(*at) == Some(0xB002))?;
    let bytes = long(entry + 4)? as usize;
    let start = long(entry + 8)? as usize;
    let each = (0..(bytes / 16).min(MOST)).map(|n| start.saturating_add(n * 16));
    let image = |at: usize| {
        Some(Image { attribute: long(at)?, len: long(at.checked_add(4)?)?, offset: long(at.checked_add(8)?)? })
    };
    Some(each.map_while(image).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_two_in_both_orders_and_cut_anywhere() {
        let mut little = b"II*\0\x08\0\0\0\x01\0\x02\xB0\x07\0\x20\0\0\0\x1A\0\0\0\0\0\0\0".to_vec();
        for value in [0x2003_0000u32, 1000, 0, 0, 5, 200, 940, 0] {
            little.extend(value.to_le_bytes());
        }
        let both = images(&little);
        assert_eq!(both.len(), 2);
        assert_eq!(both[1], Image { attribute: 5, len: 200, offset: 940 });
        for cut in 0..little.len() {
            assert!(images(&little[..cut]).len() < 3);
        }
        let mut big = b"MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07\0\0\0\x10\0\0\0\x1A\0\0\0\0".to_vec();
        for value in [0u32, 7, 9, 0] {
            big.extend(value.to_be_bytes());
        }
        assert_eq!(images(&big), [Image { attribute: 0, len: 7, offset: 9 }]);
        assert!(images(b"XX*\0").is_empty());
    }
}

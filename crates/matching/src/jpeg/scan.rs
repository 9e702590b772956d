//! One scan (T.81, B.2.3): the means of its blocks are decoded, all other coefficients passed over.

use super::{
    bits::Bits,
    frame::Frame,
    tables::{END, Huffman, HuffmanTables, Quantization},
};

/// A component in a scan: its place in the frame and its tables.
struct Part {
    component: usize,
    means: u8,
    others: u8,
}

pub(super) struct Scan {
    parts: Vec<Part>,
    /// First and last coefficient of the scan.
    first: u8,
    last: u8,
    /// Bits of precision that earlier scans gave (0: none did), and bits that later scans give.
    earlier: u8,
    later: u8,
    restart_interval: usize,
}

impl Scan {
    pub(super) fn read(segment: &[u8], frame: &Frame, restart_interval: usize) -> Option<Self> {
        let (count, rest) = segment.split_first()?;
        let (named, rest) = rest.split_at_checked(usize::from(*count) * 2)?;
        let [first, last, precision] = *rest else { return None };
        let part = |row: &[u8]| {
            let component = frame.components.iter().position(|component| component.id == row[0])?;
            Some(Part { component, means: row[1] >> 4, others: row[1] & 15 })
        };
        let parts: Vec<Part> = named.chunks_exact(2).map(part).collect::<Option<_>>()?;
        let scan = Self { parts, first, last, earlier: precision >> 4, later: precision & 15, restart_interval };
        let whole = (scan.first, scan.last, precision) == (0, 63, 0);
        let progressive = scan.last <= 63 && scan.later <= 13 && (scan.first > 0 || scan.last == 0);
        let fits = if frame.progressive { progressive } else { whole };
        (fits && (1..=4).contains(&scan.parts.len())).then_some(scan)
    }

    /// Decodes the scan from these bytes, and gives what follows it: a marker.
    pub(super) fn decode<'a>(
        &self,
        bytes: &'a [u8],
        frame: &mut Frame,
        tables: &HuffmanTables,
        quantization: &Quantization,
    ) -> Option<&'a [u8]> {
        if self.first > 0 {
            return after_scan(bytes);
        }
        for part in &self.parts {
            let component = frame.components.get_mut(part.component)?;
            let divisor = quantization.first(component.quantization)?;
            component.divisor.get_or_insert(divisor);
        }
        let (across, down) = match self.parts.as_slice() {
            [alone] => (frame.components[alone.component].columns, frame.components[alone.component].rows),
            _ => frame.units(),
        };
        let units = across.checked_mul(down)?;
        let interval = if self.restart_interval == 0 { units } else { self.restart_interval };
        let (mut rest, mut unit, mut restarts) = (bytes, 0, 0_u8);
        while unit < units {
            if unit > 0 {
                rest = restarted(rest, restarts)?;
                restarts = (restarts + 1) % 8;
            }
            let end = units.min(unit + interval);
            rest = self.interval(rest, frame, tables, (unit..end, across))?;
            unit = end;
        }
        Some(rest)
    }

    fn interval<'a>(
        &self,
        bytes: &'a [u8],
        frame: &mut Frame,
        tables: &HuffmanTables,
        (units, across): (std::ops::Range<usize>, usize),
    ) -> Option<&'a [u8]> {
        let mut bits = Bits::new(bytes);
        let mut predicted = [0_i32; 4];
        let alone = self.parts.len() == 1;
        let (mut row, mut column) = (units.start / across, units.start % across);
        for _ in units {
            for (part, predicted) in self.parts.iter().zip(&mut predicted) {
                let component = &mut frame.components[part.component];
                let (wide, high) = if alone { (1, 1) } else { (component.across, component.down) };
                for line in row * high..(row + 1) * high {
                    let first = line * component.stride + column * wide;
                    for mean in component.means.get_mut(first..first + wide)? {
                        if self.earlier > 0 {
                            bits.fill();
                            *mean |= (bits.take(1) << self.later) as i16;
                            continue;
                        }
                        *predicted = predicted.wrapping_add(difference(&mut bits, tables.of_means(part.means)?)?);
                        *mean = (*predicted << self.later) as i16;
                        if !frame.progressive {
                            pass_over(&mut bits, tables.of_others(part.others)?)?;
                        }
                    }
                }
            }
            column += 1;
            if column == across {
                (row, column) = (row + 1, 0);
            }
            if bits.overran() {
                return None;
            }
        }
        bits.finish()
    }
}

/// The difference of a mean from the one before (T.81, F.2.2.1).
fn difference(bits: &mut Bits<'_>, table: &Huffman) -> Option<i32> {
    bits.fill();
    let size = u32::from(table.symbol(bits)?);
    if size > 15 {
        return None;
    }
    let value = bits.take(size);
    Some(if size > 0 && value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
}

/// The other 63 coefficients of a block.
fn pass_over(bits: &mut Bits<'_>, table: &Huffman) -> Option<()> {
    let coefficient = table.pass_over(bits, 1)?;
    // Past the last one only by the end of the block.
    (coefficient == 64 || coefficient > END).then_some(())
}

/// What follows the restart marker of this number.
fn restarted(bytes: &[u8], number: u8) -> Option<&[u8]> {
    let filled = bytes.iter().take_while(|byte| **byte == 0xFF).count();
    let (marker, rest) = bytes.get(filled..)?.split_first()?;
    (filled > 0 && *marker == 0xD0 + number).then_some(rest)
}

/// The marker after a scan that is not decoded.
fn after_scan(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        match bytes.get(at + 1)? {
            0 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return bytes.get(at..),
        }
    }
}

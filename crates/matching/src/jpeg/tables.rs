//! Huffman tables and the first coefficient of quantization tables (T.81, B.2.4).

use super::bits::Bits;

/// Codes of at most so many bits are found in one step.
const QUICK: u32 = 10;
/// As many coefficients as fit into so many bits are passed over in one step.
const RUN: u32 = 11;

/// The divisors of the means, for each of the four tables.
#[derive(Default)]
pub(super) struct Quantization {
    first: [Option<u16>; 4],
}

impl Quantization {
    pub(super) fn read(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((head, rest)) = segment.split_first() {
            let (wide, place) = (head >> 4, usize::from(head & 15));
            let size = if wide == 0 { 64 } else { 128 };
            let (table, rest) = rest.split_at_checked(size)?;
            let first = if wide == 0 { u16::from(table[0]) } else { u16::from_be_bytes([table[0], table[1]]) };
            *self.first.get_mut(place)? = Some(first);
            segment = rest;
        }
        Some(())
    }

    pub(super) fn first(&self, place: usize) -> Option<u16> {
        *self.first.get(place)?
    }
}

/// Tables for means (class 0) and for the other coefficients (class 1).
#[derive(Default)]
pub(super) struct HuffmanTables {
    means: [Option<Box<Huffman>>; 4],
    others: [Option<Box<Huffman>>; 4],
}

impl HuffmanTables {
    pub(super) fn read(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((head, rest)) = segment.split_first() {
            let counts: &[u8; 16] = rest.first_chunk()?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.get(16..)?.split_at_checked(total)?;
            let class = match head >> 4 {
                0 => &mut self.means,
                1 => &mut self.others,
                _ => return None,
            };
            *class.get_mut(usize::from(head & 15))? = Some(Box::new(Huffman::new(counts, symbols)?));
            segment = rest;
        }
        Some(())
    }

    pub(super) fn of_means(&self, place: u8) -> Option<&Huffman> {
        self.means.get(usize::from(place))?.as_deref()
    }

    pub(super) fn of_others(&self, place: u8) -> Option<&Huffman> {
        self.others.get(usize::from(place))?.as_deref()
    }
}

/// What the end of a block leads on by: more than there are coefficients.
pub(super) const END: u32 = 128;

/// The coefficients of a block.
const COEFFICIENTS: u32 = 64;

/// Bits that one code and its value may take.
const HELD_FOR_ONE: u32 = 32;

/// What lies whole in a beginning of [`RUN`] bits.
fn run_of(steps: &[(u8, u8); 1 << QUICK], beginning: usize) -> Run {
    let mut run = Run::default();
    loop {
        let left = RUN - u32::from(run.bits);
        // Filled up with zeros, which decide nothing where the code and its value lie in what is left.
        let rest = beginning & ((1 << left) - 1);
        let index = if left >= QUICK { rest >> (left - QUICK) } else { rest << (QUICK - left) };
        let (length, lead) = steps[index];
        if length == 0 || u32::from(length) > left {
            return run;
        }
        if u32::from(lead) >= END {
            return Run { bits: run.bits + length, ends: true, ..run };
        }
        if u32::from(run.lead) + u32::from(lead) >= COEFFICIENTS {
            return run;
        }
        run = Run { bits: run.bits + length, lead: run.lead + lead, ends: false };
        if u32::from(run.bits) >= RUN {
            return run;
        }
    }
}

/// The length of the value after a symbol, and by how many coefficients both lead on (T.81, F.2.2.2).
fn step_of(symbol: u8) -> (u8, u8) {
    match (symbol >> 4, symbol & 15) {
        (run, 0) if run < 15 => (0, END as u8),
        (run, size) => (size, run + 1),
    }
}

/// Several coefficients that follow each other, or one that does not fit: then there are no bits.
#[derive(Clone, Copy, Default)]
struct Run {
    bits: u8,
    /// By how many coefficients they lead on, the end of the block not counted.
    lead: u8,
    /// Whether the end of the block is the last of them.
    ends: bool,
}

/// One table.
pub(super) struct Huffman {
    /// For each beginning of [`QUICK`] bits: length of the code (0 where it is longer) and its symbol.
    quick: Box<[(u8, u8); 1 << QUICK]>,
    /// For each beginning: the length of code and value together (0 where the code is longer), and by how many coefficients
    /// they lead on; the end of a block leads beyond all.
    steps: Box<[(u8, u8); 1 << QUICK]>,
    /// For each beginning of [`RUN`] bits what lies in it whole.
    runs: Box<[Run; 1 << RUN]>,
    /// For each length: the first code that is too large for it, aligned to 16 bits, and where its symbols begin.
    ends: [u32; 17],
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            quick: Box::new([(0, 0); 1 << QUICK]),
            steps: Box::new([(0, 0); 1 << QUICK]),
            runs: Box::new([Run::default(); 1 << RUN]),
            ends: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut next) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            table.offsets[length as usize] = next as i32 - code as i32;
            for symbol in symbols.get(next..next + usize::from(counts[length as usize - 1]))? {
                if code >= 1 << length {
                    return None;
                }
                if length <= QUICK {
                    let (from, many) = ((code << (QUICK - length)) as usize, 1 << (QUICK - length));
                    table.quick.get_mut(from..from + many)?.fill((length as u8, *symbol));
                }
                code += 1;
                next += 1;
            }
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        for (step, (length, symbol)) in table.steps.iter_mut().zip(table.quick.iter()) {
            if *length > 0 {
                let (size, lead) = step_of(*symbol);
                *step = (length + size, lead);
            }
        }
        for (beginning, run) in table.runs.iter_mut().enumerate() {
            *run = run_of(&table.steps, beginning);
        }
        Some(table)
    }

    /// Passes over the coefficients of a block from one on; says how far that leads: to the number of coefficients, or beyond
    /// [`END`] where the block ended before.
    pub(super) fn pass_over(&self, bits: &mut Bits<'_>, mut coefficient: u32) -> Option<u32> {
        while coefficient < COEFFICIENTS {
            if bits.held() < HELD_FOR_ONE {
                bits.fill();
            }
            let run = self.runs[bits.peek(RUN)];
            let next = coefficient + u32::from(run.lead);
            // Past the last coefficient the bits are those of another block.
            if run.bits > 0 && next < COEFFICIENTS {
                bits.skip(u32::from(run.bits));
                coefficient = next;
                if run.ends {
                    return Some(END + 1);
                }
            } else {
                coefficient += self.step(bits)?;
            }
        }
        Some(coefficient)
    }

    /// Passes over one coefficient that is not zero, a run of zeros, or the rest of the block; says by how many coefficients
    /// that leads on. At least 32 bits have to be held.
    fn step(&self, bits: &mut Bits<'_>) -> Option<u32> {
        let (length, lead) = self.steps[bits.peek(QUICK)];
        if length > 0 {
            bits.skip(u32::from(length));
            return Some(u32::from(lead));
        }
        let (size, lead) = step_of(self.symbol(bits)?);
        bits.skip(u32::from(size));
        Some(u32::from(lead))
    }

    /// The next symbol; at least 16 bits have to be held.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let (length, symbol) = self.quick[bits.peek(QUICK)];
        if length > 0 {
            bits.skip(u32::from(length));
            return Some(symbol);
        }
        let next = bits.peek(16) as u32;
        let length = (QUICK + 1..=16).find(|length| next < self.ends[*length as usize])?;
        let place = self.offsets[length as usize] + (next >> (16 - length)) as i32;
        bits.skip(length);
        self.symbols.get(usize::try_from(place).ok()?).copied()
    }
}

//! The frame of a JPEG (T.81, B.2.2): its components, and the means of their blocks.

use super::BlockMeans;
use crate::Luma;

/// Rec. 709 luma of a picture in the YCbCr of JFIF: what is left of the color differences.
const OF_CB: f32 = -0.118_19;
const OF_CR: f32 = -0.212_68;

/// One component: luma or a color difference.
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors across and down.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) quantization: usize,
    /// Blocks that hold picture, across and down.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Blocks of a row as they are stored: full units of all components.
    pub(super) stride: usize,
    /// Eight times the difference of each mean from the middle, before it is multiplied by its divisor.
    pub(super) means: Vec<i16>,
    /// The divisor; `None` before the first scan of this component.
    pub(super) divisor: Option<u16>,
}

pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    width: usize,
    height: usize,
    /// The largest sampling factors.
    across: usize,
    down: usize,
}

impl Frame {
    pub(super) fn read(segment: &[u8], progressive: bool, most_pixels: u64) -> Option<Self> {
        let (head, rest) = segment.split_first_chunk::<6>()?;
        let [8, h1, h0, w1, w0, count] = *head else { return None };
        let height = usize::from(u16::from_be_bytes([h1, h0]));
        let width = usize::from(u16::from_be_bytes([w1, w0]));
        let fits = width > 0 && height > 0 && (width * height) as u64 <= most_pixels;
        if !fits || !matches!(count, 1 | 3) || rest.len() != usize::from(count) * 3 {
            return None;
        }
        let stated =
            || rest.chunks_exact(3).map(|row| (row[0], usize::from(row[1] >> 4), usize::from(row[1] & 15), row[2]));
        if stated().any(|(_, across, down, _)| !(1..=4).contains(&across) || !(1..=4).contains(&down)) {
            return None;
        }
        let across = stated().map(|(_, across, ..)| across).max()?;
        let down = stated().map(|(_, _, down, _)| down).max()?;
        let units = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        let component = |(id, own_across, own_down, quantization): (u8, usize, usize, u8)| Component {
            id,
            across: own_across,
            down: own_down,
            quantization: usize::from(quantization),
            columns: (width * own_across).div_ceil(8 * across),
            rows: (height * own_down).div_ceil(8 * down),
            stride: units.0 * own_across,
            means: vec![0; units.0 * own_across * units.1 * own_down],
            divisor: None,
        };
        let components: Vec<_> = stated().map(component).collect();
        // Luma stands first and is as fine as any; components named by letters are colors themselves.
        let first = components.first()?;
        let letters = components.iter().map(|component| component.id).eq(*b"RGB");
        (first.across == across && first.down == down && !letters).then_some(Self {
            progressive,
            components,
            width,
            height,
            across,
            down,
        })
    }

    /// Units of all components, across and down.
    pub(super) fn units(&self) -> (usize, usize) {
        (self.width.div_ceil(8 * self.across), self.height.div_ceil(8 * self.down))
    }

    /// Luma of all blocks; nothing where a component is missing.
    pub(super) fn means(&self) -> Option<BlockMeans> {
        let divisors: Option<Vec<f32>> =
            self.components.iter().map(|component| component.divisor.map(|by| f32::from(by) / 8.0)).collect();
        let divisors = divisors?;
        let (luma, colors) = self.components.split_first()?;
        let (columns, rows) = (luma.columns, luma.rows);
        let mut values: Vec<f32> = Vec::with_capacity(columns * rows);
        for line in luma.means.chunks_exact(luma.stride.max(1)).take(rows) {
            values.extend(line.iter().take(columns).map(|mean| 128.0 + f32::from(*mean) * divisors[0]));
        }
        for ((color, divisor), weight) in colors.iter().zip(&divisors[1..]).zip([OF_CB, OF_CR]) {
            let places: Vec<usize> = (0..columns).map(|column| column * color.across / self.across).collect();
            for (row, line) in values.chunks_exact_mut(columns.max(1)).enumerate() {
                let means = color.means.get(row * color.down / self.down * color.stride..)?;
                for (value, place) in line.iter_mut().zip(&places) {
                    *value += weight * divisor * f32::from(*means.get(*place)?);
                }
            }
        }
        values.iter_mut().for_each(|value| *value = value.clamp(0.0, 255.0));
        Some(BlockMeans { luma: Luma::from_checked(columns, rows, values), width: self.width, height: self.height })
    }
}

//! Photoshop documents, PSD and PSB (Adobe Photoshop File Formats, November 2019).

use crate::containers::psd_layers::{self, section};
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Psd;

static INFO: Info = Info {
    id: FormatId::new("psd"),
    name: "Photoshop document",
    extensions: &["psd", "psb", "psdt"],
    media: Media::Image,
    specification: "Adobe Photoshop File Formats",
    version: 1,
    ..Info::DEFAULT
};

impl Format for Psd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let version = probe.head.get(4..6);
        if probe.head.starts_with(b"8BPS") && matches!(version, Some([0, 1 | 2])) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        read(source, out).map_err(|p| p.within("psd"))
    }
}

fn read(source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
    let head: [u8; 26] = source.array(0)?;
    let large = head[5] == 2;
    let colors = u64::from(u32::from_be_bytes(source.array(26)?));
    let resources = 30 + colors;
    // A palette has 768 bytes; what duotones keep there is not published.
    if colors > 768 {
        out.coverage.leave(30, resources.min(source.len()));
    }
    let len = u64::from(u32::from_be_bytes(source.array(resources)?));
    let start = resources + 4;
    let bytes = source.read_bounded(start, len, limits::BLOB).map_err(|p| p.within("psd (image resources)"))?;
    tags::photoshop::read(&bytes, &Place::new("PSD", source.absolute(start)), out);
    let layers = start + len;
    let (start, len) = section(source, layers, large)?;
    if start.saturating_add(len) > source.len() {
        let what = "the layers end behind the end of the file";
        return Err(Problem::truncated("psd (layers)", source.absolute(start), what));
    }
    if let Err(problem) = psd_layers::read(source, (start, len), large, out) {
        tags::push_problem(out, problem.within("psd (layers)"));
    }
    image(source, &head, start + len, out).map_err(|p| p.within("psd (image data)"))
}

/// Checks that the merged image is whole.
fn image(source: &mut Source, head: &[u8; 26], offset: u64, out: &mut Extraction) -> Result<(), Problem> {
    let number = |range: std::ops::Range<usize>| head[range].iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
    let (channels, height, width, depth) = (number(12..14), number(14..18), number(18..22), number(22..24));
    let compression = u16::from_be_bytes(source.array(offset)?);
    let start = offset + 2;
    let row = width.saturating_mul(depth).div_ceil(8);
    let rows = height.saturating_mul(channels);
    let size = if head[5] == 2 { 4 } else { 2 };
    let len = match compression {
        0 => row.saturating_mul(rows),
        1 => {
            let table = source.read_bounded(start, rows.saturating_mul(size), limits::BLOB)?;
            let lengths =
                table.chunks_exact(size as usize).map(|c| c.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b)));
            lengths.sum::<u64>() + table.len() as u64
        }
        // ZIP, with or without prediction: the streams end somewhere.
        _ => {
            out.coverage.add(0, start);
            out.coverage.open_from(start);
            1
        }
    };
    let left = source.len().saturating_sub(start);
    if left < len {
        return Err(Problem::truncated("", source.absolute(start), format!("{len} bytes expected, {left} left")));
    }
    if compression < 2 {
        out.coverage.add(0, start.saturating_add(len));
    }
    Ok(())
}

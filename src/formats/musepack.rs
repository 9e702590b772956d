//! Musepack sound (Musepack SV7 and SV8): the tags at both ends.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::model::{Facts, Problem};
use crate::source::Source;
use crate::tags::{ends, id3};

/// The format.
pub struct Musepack;

const MAGICS: &[&[u8]] = &[b"MPCK", b"MP+\x07", b"MP+\x17"];

impl Format for Musepack {
    fn info(&self) -> &'static Info {
        &Info {
            id: "musepack",
            name: "Musepack",
            extensions: &["mpc", "mp+", "mpp"],
            media: Media::Audio,
            specification: "Musepack SV7 and SV8",
            version: 1,
        }
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let tag = id3::length(probe.head).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let rest = probe.head.get(tag..).unwrap_or_default();
        if MAGICS.iter().any(|m| rest.starts_with(m)) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
        let start = ends::leading(source, "Musepack", out)?;
        let end = ends::trailing(source, "Musepack", start, out)?;
        // The header alone takes this much in any version.
        if end.saturating_sub(start) < 24 {
            return Err(Problem::truncated("musepack (header)", source.absolute(start), "no sound behind the tags"));
        }
        Ok(())
    }
}

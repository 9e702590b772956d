//! The JSON report: one object, schema `countersign.report/1`, assets streamed as they are judged.

use std::io::{self, Write};

use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{AssetReport, Run, Summary};

/// Name and version of the shape.
pub const SCHEMA: &str = "countersign.report/1";

/// The whole run as one object (`countersign.report/1`).
pub static KIND: Kind =
    Kind { info: Info { id: "json", summary: "one JSON object for machines; the stable interface" }, start };

fn start<'w>(out: Box<dyn Write + 'w>, _options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Json { out, first: true, row: Vec::new() })
}

struct Json<'w> {
    out: Box<dyn Write + 'w>,
    first: bool,
    /// The row at hand: it is written in one piece.
    row: Vec<u8>,
}

impl Report for Json<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        write!(self.out, "{{\"schema\":\"{SCHEMA}\",\n\"run\":")?;
        serde_json::to_writer(&mut self.out, run)?;
        write!(self.out, ",\n\"assets\":[")
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        self.row.clear();
        self.row.extend_from_slice(if self.first { b"\n" } else { b",\n" });
        self.first = false;
        serde_json::to_writer(&mut self.row, asset)?;
        self.out.write_all(&self.row)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        write!(self.out, "\n],\n\"packages\":")?;
        serde_json::to_writer(&mut self.out, &summary.packages)?;
        write!(self.out, ",\n\"summary\":")?;
        serde_json::to_writer(&mut self.out, summary)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

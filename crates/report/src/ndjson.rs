//! The NDJSON report: `{"run":…,"schema":"countersign.report/1"}`, one `{"asset":…}` a line as it is judged, `{"package":…}`, `{"summary":…}`.

use std::io::{self, Write};

use serde::Serialize;

use crate::json::SCHEMA;
use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{AssetReport, Run, Summary};

/// One JSON object a line, written as the run goes.
pub static KIND: Kind = Kind {
    info: Info { id: "ndjson", summary: "the JSON report line by line, each asset as soon as it is judged" },
    start,
};

fn start<'w>(out: Box<dyn Write + 'w>, _options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Ndjson { out })
}

struct Ndjson<'w> {
    out: Box<dyn Write + 'w>,
}

impl Ndjson<'_> {
    fn line(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        write!(self.out, "{{\"{name}\":")?;
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

impl Report for Ndjson<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        write!(self.out, "{{\"run\":")?;
        serde_json::to_writer(&mut self.out, run)?;
        writeln!(self.out, ",\"schema\":\"{SCHEMA}\"}}")?;
        self.out.flush()
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        self.line("asset", asset)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for package in &summary.packages {
            self.line("package", package)?;
        }
        self.line("summary", summary)
    }
}

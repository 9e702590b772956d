//! A paper as CSV (RFC 4180): its columns, the rows of each asset, and at the end what it does not tell of.

use std::io::{self, Write};

use crate::csv::row;
use crate::{RenderOptions, Report, not_looked_at};
use countersign_model::{AssetReport, Run, Summary};

/// What makes a sheet of a paper.
pub(crate) struct Columns {
    /// The names of the columns; one of them is `asset`.
    pub(crate) names: &'static [&'static str],
    /// The rows of an asset below these roots, each with a cell for each column; none where the paper does not tell of it.
    pub(crate) rows: fn(&AssetReport, &[String]) -> Vec<Vec<String>>,
    /// What rows are about, in the plural.
    pub(crate) unit: &'static str,
}

impl Columns {
    /// A report that writes these columns.
    pub(crate) fn start<'w>(&'static self, out: Box<dyn Write + 'w>, _options: RenderOptions) -> Box<dyn Report + 'w> {
        Box::new(Sheet { out, columns: self, roots: Vec::new() })
    }
}

struct Sheet<'w> {
    out: Box<dyn Write + 'w>,
    columns: &'static Columns,
    roots: Vec<String>,
}

impl Report for Sheet<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.roots.clone_from(&run.roots);
        row(&mut self.out, self.columns.names)
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        (self.columns.rows)(asset, &self.roots).iter().try_for_each(|cells| row(&mut self.out, cells))
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let passed = not_looked_at::line(summary);
        if !passed.is_empty() {
            let told =
                |column: &&str| if *column == "asset" { format!("NOT LOOKED AT: {passed}") } else { String::new() };
            let cells: Vec<String> = self.columns.names.iter().map(told).collect();
            row(&mut self.out, &cells)?;
        }
        if summary.interrupted {
            let unit = self.columns.unit;
            row(&mut self.out, &[format!("INCOMPLETE: the scan was interrupted, {unit} after this row are missing")])?;
        }
        self.out.flush()
    }
}

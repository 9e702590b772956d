//! Shared by `convert` and `--baseline`: a saved JSON or NDJSON report, read back one asset at a time.

use std::fmt;
use std::io::BufRead;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::SCHEMA;
use countersign_model::{AssetReport, PackageReport, Run, Summary};

/// What a saved report holds beside its assets.
#[derive(Debug)]
pub struct Saved {
    /// What the run was asked to do and with what.
    pub run: Run,
    /// Its numbers, with the packages.
    pub summary: Summary,
}

/// Takes the parts of a saved report as they come.
pub trait Take {
    /// Called once, before the first asset.
    ///
    /// # Errors
    /// Whatever should end the reading.
    fn run(&mut self, run: &Run) -> Result<(), String>;

    /// Called for each asset in order.
    ///
    /// # Errors
    /// Whatever should end the reading.
    fn asset(&mut self, asset: AssetReport) -> Result<(), String>;
}

/// Reads a report in either form, told by its first bytes.
///
/// ```
/// use countersign_model::{AssetReport, Run, Summary};
/// use countersign_report::{RenderOptions, by_id, saved};
///
/// struct Count(usize);
///
/// impl saved::Take for Count {
///     fn run(&mut self, _: &Run) -> Result<(), String> {
///         Ok(())
///     }
///
///     fn asset(&mut self, _: AssetReport) -> Result<(), String> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
///
/// let mut written = Vec::new();
/// let mut report = (by_id("json").unwrap().start)(Box::new(&mut written), RenderOptions::default());
/// report.begin(&Run::default()).and_then(|()| report.end(&Summary::default())).unwrap();
/// drop(report);
/// let mut assets = Count(0);
/// let saved = saved::read(written.as_slice(), &mut assets)?;
/// assert_eq!((assets.0, saved.summary), (0, Summary::default()));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// Text that is no report of this schema, an early end, and whatever `take` returns; with the place where known.
pub fn read(mut input: impl BufRead, take: &mut dyn Take) -> Result<Saved, String> {
    let head = input.fill_buf().map_err(|e| e.to_string())?;
    let head = String::from_utf8_lossy(&head[..head.len().min(64)]).into_owned();
    if head.trim_start().starts_with("{\"run\"") { lines(input, take) } else { object(input, take) }
}

fn object(input: impl BufRead, take: &mut dyn Take) -> Result<Saved, String> {
    let mut reader = serde_json::Deserializer::from_reader(input);
    let saved = reader.deserialize_map(Object { take }).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(saved)
}

/// One line of the NDJSON report: one of these, the run with the schema beside it since that is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    schema: Option<String>,
    run: Option<Box<Run>>,
    asset: Option<Box<AssetReport>>,
    package: Option<PackageReport>,
    summary: Option<Box<Summary>>,
}

fn lines(input: impl BufRead, take: &mut dyn Take) -> Result<Saved, String> {
    let (mut run, mut summary, mut packages) = (None, None, Vec::new());
    for (number, line) in input.lines().enumerate() {
        let at = |e: &dyn fmt::Display| format!("line {}: {e}", number + 1);
        let line: Line = serde_json::from_str(&line.map_err(|e| at(&e))?).map_err(|e| at(&e))?;
        if let Some(found) = line.schema.filter(|found| found != SCHEMA) {
            return Err(at(&format!("its schema is `{found}`, this program reads `{SCHEMA}`")));
        }
        match (line.run, line.asset, line.package, line.summary) {
            (Some(it), None, None, None) => {
                take.run(&it)?;
                run = Some(*it);
            }
            (None, Some(it), None, None) => take.asset(*it)?,
            (None, None, Some(it), None) => packages.push(it),
            (None, None, None, Some(it)) => summary = Some(*it),
            _ => return Err(at(&"neither a run, an asset, a package nor a summary")),
        }
    }
    let mut summary: Summary = summary.ok_or("it ends without a summary: the scan did not end")?;
    summary.packages = packages;
    Ok(Saved { run: run.ok_or("it does not begin with the run")?, summary })
}

/// The one object of the JSON report; assets are handed on as they are read.
struct Object<'t> {
    take: &'t mut dyn Take,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Saved;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Saved, A::Error> {
        let (mut schema, mut run, mut summary, mut packages) = (None, None::<Run>, None::<Summary>, Vec::new());
        // Another program may have put the assets before the run.
        let mut early = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "schema" => {
                    let found: String = map.next_value()?;
                    if found != SCHEMA {
                        return Err(A::Error::custom(format!(
                            "its schema is `{found}`, this program reads `{SCHEMA}`"
                        )));
                    }
                    schema = Some(found);
                }
                "run" => {
                    let it: Run = map.next_value()?;
                    self.take.run(&it).map_err(A::Error::custom)?;
                    run = Some(it);
                }
                "assets" if run.is_some() && schema.is_some() => {
                    map.next_value_seed(Assets { take: &mut *self.take })?
                }
                "assets" => early = map.next_value::<Vec<AssetReport>>()?,
                "packages" => packages = map.next_value::<Vec<PackageReport>>()?,
                "summary" => summary = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if schema.is_none() {
            return Err(A::Error::custom("it names no schema: not a report of this program"));
        }
        let run = run.ok_or_else(|| A::Error::missing_field("run"))?;
        early.into_iter().try_for_each(|asset| self.take.asset(asset)).map_err(A::Error::custom)?;
        let mut summary = summary.ok_or_else(|| A::Error::missing_field("summary"))?;
        summary.packages = packages;
        Ok(Saved { run, summary })
    }
}

struct Assets<'t> {
    take: &'t mut dyn Take,
}

impl<'de> DeserializeSeed<'de> for Assets<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Assets<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of assets")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(asset) = seq.next_element::<AssetReport>()? {
            self.take.asset(asset).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

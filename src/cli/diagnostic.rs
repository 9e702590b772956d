//! Errors of the run as they are printed: with what to do next, and with the place in the policy that is wrong.

use countersign_model::error::Error;
use miette::{Diagnostic, NamedSource, SourceSpan};

/// An error that can be drawn.
#[derive(Debug)]
struct Drawn(Error);

impl std::fmt::Display for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let hint = self.0.hint();
        (!hint.is_empty()).then(|| Box::new(hint) as Box<dyn std::fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let Error::Policy { span: Some((start, len)), what, .. } = &self.0 else { return None };
        let span = SourceSpan::from((*start, *len));
        Some(Box::new(std::iter::once(miette::LabeledSpan::new_with_span(Some(what.clone()), span))))
    }
}

/// The error as a diagnostic with its source text, ready to be printed.
pub(super) fn report(error: Error) -> miette::Report {
    let named = match &error {
        Error::Policy { path, text, .. } => Some(NamedSource::new(path, text.clone())),
        _ => None,
    };
    let report = miette::Report::new(Drawn(error));
    match named {
        Some(source) => report.with_source_code(source),
        None => report,
    }
}

//! The style and the script of the pages.

use axum::http::header;

use super::answer::{bytes, with};
use super::{Answer, Asked};

const KEPT: &str = "no-cache";

pub(super) fn style(_: &Asked) -> Answer {
    let style = bytes("text/css; charset=utf-8", include_str!("../../static/style.css"));
    Ok(with(style, header::CACHE_CONTROL, KEPT))
}

pub(super) fn script(_: &Asked) -> Answer {
    let script = bytes("text/javascript; charset=utf-8", include_str!("../../static/app.js"));
    Ok(with(script, header::CACHE_CONTROL, KEPT))
}

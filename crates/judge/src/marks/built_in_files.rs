//! The files of the built-in catalogue, in the order in which they are read. The build script reads this list, too.

/// Every file: name and text.
pub(super) static ALL: &[(&str, &str)] = &[
    ("tables", include_str!("catalogue/tables.toml")),
    ("iptc", include_str!("catalogue/iptc.toml")),
    ("tc260", include_str!("catalogue/tc260.toml")),
    ("vendors", include_str!("catalogue/vendors.toml")),
    ("generators", include_str!("catalogue/generators.toml")),
    ("settings", include_str!("catalogue/settings.toml")),
    ("likeness", include_str!("catalogue/likeness.toml")),
    ("tools", include_str!("catalogue/tools.toml")),
    ("names", include_str!("catalogue/names.toml")),
    ("media", include_str!("catalogue/media.toml")),
    ("pixels", include_str!("catalogue/pixels.toml")),
    ("credentials", include_str!("catalogue/credentials.toml")),
    ("known", include_str!("catalogue/known.toml")),
];

//! How long identification and reading take per format, over the project's own samples.

use std::hint::black_box;
use std::path::Path;

use countersign::extract::{Options, facts};
use countersign::identify::identify;
use countersign::source::Source;
use criterion::{Criterion, criterion_group, criterion_main};

fn benches(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/formats");
    let mut samples: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    samples.retain(|p| p.extension().is_none_or(|e| e != "json"));
    samples.sort();
    let mut identifying = c.benchmark_group("identify");
    for path in &samples {
        let bytes = std::fs::read(path).unwrap_or_default();
        identifying.bench_function(name(path), |b| {
            b.iter(|| black_box(identify(&mut Source::memory(bytes.clone(), 0)).is_ok()));
        });
    }
    identifying.finish();
    let mut reading = c.benchmark_group("read");
    for path in &samples {
        reading.bench_function(name(path), |b| b.iter(|| black_box(facts(path, &[], &Options::default()))));
    }
    reading.finish();
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

criterion_group!(group, benches);
criterion_main!(group);

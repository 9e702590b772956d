//! What this program wrote itself and anybody may have changed since: facts of the cache, a saved report.
#![no_main]

use countersign_judge::marks;
use countersign_model::{AssetReport, Facts, Run};
use countersign_report::saved;

struct Passed;

impl saved::Take for Passed {
    fn run(&mut self, _: &Run) -> Result<(), String> {
        Ok(())
    }

    fn asset(&mut self, _: AssetReport) -> Result<(), String> {
        Ok(())
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Rows of the cache are facts as JSON; whatever they say, matching them ends.
    if let Ok(facts) = serde_json::from_slice::<Facts>(bytes) {
        let _ = marks::ai(&marks::catalogue().evidence(&facts));
    }
    let _ = saved::read(bytes, &mut Passed);
});

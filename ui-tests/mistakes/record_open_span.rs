//! An open span in `record!`, without the `;`.

use telemetry_runtime::{open_span, record};

fn main() {
    let open = open_span!(agent);
    record!(open, output = 1);
    open.stop(&());
}

//! Repeats one case, for a tool that watches: `probe CASE CALLS`. Without arguments it lists them.

use benches::cases::{CASES, Case};
use benches::instructions::counted;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(calls)) = (arguments.next(), arguments.next()) else {
        for case in CASES {
            println!("{}", case.name);
        }
        return;
    };
    std::panic::set_hook(Box::new(|_| {}));
    let case = Case::named(&name);
    let listening = case.listen();
    counted(case.run, calls.parse().expect("a number of calls"));
    drop(listening);
}

//! tmp
use benches::{cases::*, instructions};
fn main() {
    let f = std::env::args().nth(1).unwrap_or_default();
    let p = std::env::current_exe().unwrap().with_file_name("probe");
    for c in CASES {
        if c.name.contains(&f) {
            println!("{:>7}  {}", instructions::a_call(&p, &[c.name]), c.name);
        }
    }
}

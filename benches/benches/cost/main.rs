//! What a span costs, as one table: time as a ratio to the hand-written span, instructions and
//! allocations a call, the sizes of futures.
//!
//! `cargo bench -p benches` measures everything; `cargo bench -p benches -- WORDS` only the rows that
//! contain the words.

mod peers;

use std::mem::size_of_val;

use benches::cases::{CASES, Case};
use benches::instructions::{self, counted};
use benches::subjects as s;
use benches::{allocations, hand, paired};
use peers::PEERS;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// How many pairs of samples each row is made of.
const SAMPLES: usize = 301;

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [count, name, calls] = &arguments[..]
        && count == COUNT
    {
        return row_of(name).listening(&mut |run| counted(run, calls.parse().expect("a number of calls")));
    }
    let filter = arguments.join(" ");
    let rows = rows().filter(|row| row.name().contains(&filter));
    let program = std::env::current_exe().expect("this program");
    let can_count = instructions::can_count();

    println!("| case | ns | ratio | instructions | allocations |");
    println!("|---|---:|---:|---:|---:|");
    for row in rows {
        let mut timing = None;
        let mut allocated = 0;
        row.listening(&mut |run| {
            hand::attach();
            timing = Some(paired::measure(SAMPLES, run, Case::named("hand-written").run));
            hand::detach();
            allocated = allocations::of(|| run(1000));
        });
        let Some(timing) = timing else { continue };
        let counted = match can_count {
            true => instructions::a_call(&program, &[COUNT, row.name()]).to_string(),
            false => "?".to_owned(),
        };
        println!(
            "| {} | {:.1} | {:.3} | {counted} | {} |",
            row.name(),
            timing.nanos,
            timing.ratio(),
            per_thousand(allocated),
        );
    }
    if filter.is_empty() {
        threads();
        futures();
    }
}

/// The argument of a process that runs a case to have its instructions counted.
const COUNT: &str = "--count";

enum Row {
    Ours(&'static Case),
    Peer(&'static peers::Peer),
}

fn rows() -> impl Iterator<Item = Row> {
    CASES.iter().map(Row::Ours).chain(PEERS.iter().map(Row::Peer))
}

fn row_of(name: &str) -> Row {
    rows().find(|row| row.name() == name).expect("a row of that name")
}

impl Row {
    fn name(&self) -> &'static str {
        match self {
            Self::Ours(case) => case.name,
            Self::Peer(peer) => peer.name,
        }
    }

    /// Measures with the case's handlers attached.
    fn listening(&self, measure: &mut dyn FnMut(fn(u64))) {
        match self {
            Self::Ours(case) => {
                let _listening = case.listen();
                measure(case.run);
            }
            Self::Peer(peer) => (peer.within)(&mut || measure(peer.run)),
        }
    }
}

fn per_thousand(allocated: u64) -> String {
    let whole = allocated / 1000;
    match allocated % 1000 {
        0..50 => whole.to_string(),
        950.. => (whole + 1).to_string(),
        some => format!("{whole}.{}", some / 100),
    }
}

/// How much more gets done when a second thread does the same.
fn threads() {
    println!("\n| two threads | work done, to that of one |\n|---|---:|");
    for name in ["hand-written", "sync f3, off", "sync f3, 1 handler", "async f3, 1 handler"] {
        let case = Case::named(name);
        let _listening = case.listen();
        (case.run)(1000);
        let calls = 200_000;
        let best = |threads: usize| {
            let run = || {
                let started = std::time::Instant::now();
                std::thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| (case.run)(calls));
                    }
                });
                started.elapsed().as_secs_f64()
            };
            (0..15).map(|_| run()).fold(f64::INFINITY, f64::min)
        };
        println!("| {name} | {:.2} |", 2.0 * best(1) / best(2));
    }
}

fn futures() {
    let (q, k, c) = s::GIVEN;
    println!("\n| future | bytes |\n|---|---:|");
    println!("| bare | {} |", size_of_val(&s::bare_async3(q, k, c)));
    println!("| ours, 0 fields | {} |", size_of_val(&s::async0(q, k, c)));
    println!("| ours, 3 fields | {} |", size_of_val(&s::async3(q, k, c)));
    println!("| ours, 6 fields | {} |", size_of_val(&s::async6(q, k, c)));
    println!("| tracing, 0 fields | {} |", size_of_val(&peers::tracing_async0(q, k, c)));
    println!("| tracing, 3 fields | {} |", size_of_val(&peers::tracing_async3(q, k, c)));
    println!("| fastrace, 3 fields | {} |", size_of_val(&peers::fastrace_async3(q, k, c)));
}

//! A body in the middle of being written.

struct Assistant {
    name: String,
}

impl Assistant {
    #[instrumented]
    async fn run(&self, prompt: &str) -> usize {
        self.name.
    }
}

fn main() {
    drop(Assistant { name: String::new() }.run(""));
}

//! A value moved out of what is only borrowed.

struct Thing {
    text: String,
}

impl Thing {
    #[instrumented]
    fn take(&self) -> String {
        self.text
    }

    #[instrumented]
    async fn take_later(&mut self, other: &Option<String>) -> String {
        other.unwrap()
    }
}

fn main() {}

//! The attributes in a crate of an older edition, where captures, preludes and temporaries are others. Each folder here is
//! a crate of one edition, made of this file.

#![cfg(test)]

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

use futures::executor::block_on;
use telemetry_runtime::{agent_span, testing, tool_call, Phase};

#[tool_call]
fn double(n: u32, _unused: &str) -> Result<u32, String> {
    if n > 9 {
        return Err("too large".to_owned());
    }
    Ok(n * 2)
}

#[tool_call]
async fn later<'a>(text: &'a mut String, words: Vec<String>) -> &'a mut String {
    text.push_str(&words.concat());
    std::future::ready(text).await
}

#[tool_call]
fn boxed<'a>(n: &'a u32) -> Pin<Box<dyn Future<Output = u32> + Send + 'a>> {
    let more = n + 1;
    Box::pin(async move { more * 2 })
}

#[tool_call]
fn opaque(n: u32) -> impl Future<Output = u32> {
    async move { n * 2 }
}

#[agent_span(agent, fields(length = cell.borrow().len(), raw = ?r#gen))]
fn temporaries(cell: &RefCell<String>, r#gen: u8) -> usize {
    match cell.borrow_mut().pop() {
        Some(_) => usize::from(r#gen),
        None => 0,
    }
}

struct Assistant {
    name: String,
}

impl Assistant {
    #[agent_span(agent, agent = self.name.as_str())]
    async fn run(&mut self, prompt: String) -> usize {
        self.name = prompt;
        self.name.len()
    }
}

#[test]
fn the_attributes_work_in_an_older_edition() {
    let capture = testing::capture();
    capture.scope(|| {
        assert_eq!(double(2, ""), Ok(4));
        assert!(double(10, "").is_err());
        assert_eq!(block_on(later(&mut "a".to_owned(), vec!["b".to_owned()])), "ab");
        assert_eq!(block_on(boxed(&1)) + block_on(opaque(1)), 6);
        assert_eq!(temporaries(&RefCell::new("a".to_owned()), 2), 2);
        assert_eq!(block_on(Assistant { name: "a".to_owned() }.run("abc".to_owned())), 3);
    });
    let of = |phase| capture.events().iter().filter(|event| event.as_event().phase() == Some(phase)).count();
    assert_eq!((of(Phase::Start), of(Phase::Stop)), (7, 7));
}

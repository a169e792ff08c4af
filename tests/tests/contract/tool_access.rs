//! Which secrets a tool call announces.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;

use telemetry_runtime::{Secrets, attach, detach};

use super::*;

// As `async_trait` makes it: captured when it is called, begun where it is polled.
#[tool_call]
fn look_up(city: String) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move { city.len() })
}

#[test]
fn secrets_that_come_after_the_call_name_the_tool_too() {
    if !alone("tool_access::secrets_that_come_after_the_call_name_the_tool_too") {
        return;
    }
    let (sender, seen) = mpsc::channel();
    attach("access", event_name!("condukt.secrets.access"), move |event: &Event<'_>| {
        sender.send(event.metadata().get("tool").map(|tool| tool.to_json())).unwrap();
    })
    .unwrap();
    let called = look_up("Oslo".to_owned());
    let context = Context::new().with_secrets(Secrets::resolve([("KEY", "some-secret")]).unwrap());
    assert_eq!(futures::executor::block_on(called.in_context(context)), 4);
    detach("access").unwrap();
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Some(json!("look_up"))]);
}

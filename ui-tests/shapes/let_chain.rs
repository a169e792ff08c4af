//! A chain of `let`s in an `if`.

#[instrumented]
fn port(address: Option<&str>) -> u16 {
    if let Some(address) = address
        && let Some((_, port)) = address.split_once(':')
        && let Ok(port) = port.parse()
    {
        port
    } else {
        80
    }
}

pub(super) fn check() {
    assert_eq!(port(Some("a:8080")), 8080);
}

use super::*;

/// A tree that is no deeper than may be, in whatever build.
#[derive(Serialize)]
struct Tree {
    name: String,
    kind: Kind,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Leaf,
    Node { children: Vec<Tree> },
}

fn tree(depth: usize) -> Tree {
    let kind = if depth == 0 { Kind::Leaf } else { Kind::Node { children: vec![tree(depth - 1)] } };
    Tree { name: depth.to_string(), kind }
}

#[test]
fn a_deep_value_within_the_limit_is_recorded() {
    on_a_small_stack(|| {
        // Each takes three levels.
        let text = recorded(tree(30)).to_string();
        assert!(text.contains("\"leaf\""), "{text}");
        assert_eq!(recorded(tree(43)), marker("Tree"));
    });
}

/// `Display` within itself for ever, which `Serialize` uses.
struct Endless;

#[allow(clippy::recursive_format_impl, reason = "it is what is tested")]
impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({self})")
    }
}

impl fmt::Debug for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entry(self).entry(self).finish()
    }
}

impl Serialize for Endless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::error::Error for Endless {}

#[agent_span(operation, operation = "op", fields(shown = %value, debugged = ?value, whole = value))]
fn given(value: &Endless) {}

#[agent_span(operation, operation = "op")]
fn fails() -> Result<(), Endless> {
    Err(Endless)
}

#[test]
fn endless_serialisation_is_cut_off() {
    on_a_small_stack(|| {
        let capture = testing::capture();
        capture.scope(|| given(&Endless));
        capture.scope(fails).unwrap_err();
        let events = capture.events();
        for key in ["shown", "debugged", "whole"] {
            assert_eq!(events[0].get(key).unwrap(), &marker("Endless"), "{key}");
        }
        assert_eq!(events[3].get("error").unwrap(), &marker("Endless"));
        assert_eq!(events[3].get("status").unwrap(), "error");
    });
}

/// Few levels, each of which takes much of the stack.
struct Heavy(u32);

#[allow(clippy::large_stack_arrays, reason = "it is what is tested")]
impl Serialize for Heavy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let weight = std::hint::black_box([1_u8; 64 * 1024]);
        if self.0 == 0 {
            return serializer.serialize_u8(weight[7]);
        }
        serializer.collect_seq([Self(self.0 - 1)])
    }
}

#[test]
fn serialisation_that_takes_much_stack_is_stopped() {
    on_a_small_stack(|| {
        assert_eq!(recorded(Heavy(2)), json!([[1]]));
        assert_eq!(recorded(Heavy(100)), marker("Heavy"));
    });
}

/// Captures within captures: each is serialised by an annotated function that is called as the one
/// around it is serialised.
struct Nests(u32);

#[tool_call]
fn looks_at(value: Nests) -> u32 {
    value.0
}

impl Serialize for Nests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let weight = std::hint::black_box([1_u8; 16 * 1024]);
        serializer.serialize_u32(looks_at(Self(self.0 + u32::from(weight[3]))))
    }
}

#[test]
fn serialisation_that_calls_annotated_functions_ends() {
    on_a_small_stack(|| {
        let capture = testing::capture();
        assert_eq!(capture.scope(|| looks_at(Nests(0))), 0);
        let stops = capture.named("condukt.tool_call.stop");
        assert_eq!(stops.len(), capture.named("condukt.tool_call.start").len());
        assert!((2..=20).contains(&stops.len()), "{}", stops.len());
    });
}

/// Errors that say what is below them, as deep as that is.
#[derive(Debug)]
struct Chain(u32);

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("the end") } else { write!(f, "{}: {}", self.0, Self(self.0 - 1)) }
    }
}

#[test]
fn a_text_that_is_deep_and_ends_is_whole() {
    let capture = testing::capture();
    capture.scope(|| in_span!(operation, operation = %Chain(50); || ()));
    let text = capture.events()[0].get("operation").unwrap().to_string();
    assert!(text.starts_with("\"50: 49: ") && text.ends_with("1: the end\""), "{text}");
}

//! Names that are kept for good: the interface to loggers wants them so, and a key that is kept is not copied
//! for each span.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use opentelemetry::Key;

/// How many are kept. They are those of callsites, and of whatever a program makes up at run time, of
/// which there may be no end.
const MAX_NAMES: usize = 1024;

/// The name, kept; none for one name too many.
pub(crate) fn interned(name: &str) -> Option<&'static str> {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    if names.len() >= MAX_NAMES {
        return None;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    Some(kept)
}

/// How many names each thread remembers, a power of two.
const REMEMBERED: usize = 64;

/// The name as a key.
///
/// Names are mostly literals: where one stood last time, and no lock, is where each thread looks first.
pub(crate) fn key(name: &str) -> Key {
    thread_local! {
        static KNOWN: RefCell<[&'static str; REMEMBERED]> = const { RefCell::new([""; REMEMBERED]) };
    }
    let place = (name.as_ptr().addr() >> 2) % REMEMBERED;
    let found = KNOWN.try_with(|known| {
        let mut known = known.try_borrow_mut().ok()?;
        if known[place] != name {
            known[place] = interned(name)?;
        }
        Some(known[place])
    });
    match found {
        Ok(Some(kept)) => Key::from_static_str(kept),
        _ => name.to_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_name_it_was_made_of() {
        // All at one address, one after the other.
        let mut name = String::with_capacity(16);
        for round in 0..2 {
            for number in 0..2 * MAX_NAMES {
                name.clear();
                name.push_str(&number.to_string());
                assert_eq!(key(&name).as_str(), name, "{round}");
            }
        }
        assert_eq!(key("").as_str(), "");
        assert_eq!(interned("one too many"), None);
    }
}

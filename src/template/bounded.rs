//! How large a value of Jinja is, seen before anything walks over it: a list that holds itself twice, and that again and again, takes
//! no memory until it is written out.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// The largest rendering, and the largest sum of the values in it.
pub(super) const MAX_RENDERED: usize = 8 * 1024 * 1024;

/// Lists in lists: as deep as YAML may go.
const MAX_DEPTH: usize = 64;

/// Bytes that are counted for a value besides its text.
const NODE: usize = 16;

/// Why a value cannot be written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It takes more bytes than fit.
    Size,
    /// Its lists and maps are nested too deep.
    Depth,
}

impl From<Excess> for Error {
    fn from(excess: Excess) -> Self {
        match excess {
            // The kind by which a rendering that is too large is known.
            Excess::Size => Self::new(ErrorKind::WriteFailure, "too many values"),
            Excess::Depth => Self::new(
                ErrorKind::InvalidOperation,
                format!("a value with more than {MAX_DEPTH} lists or maps in each other"),
            ),
        }
    }
}

/// Whether a value is at most this large, in bytes, when it is written out.
pub(super) fn check(value: &Value, most: usize) -> Result<(), Excess> {
    let mut room = most;
    take(value, 0, &mut room)
}

fn take(value: &Value, depth: usize, room: &mut usize) -> Result<(), Excess> {
    if depth > MAX_DEPTH {
        return Err(Excess::Depth);
    }
    let own = NODE + value.as_str().map_or(0, str::len);
    *room = room.checked_sub(own).ok_or(Excess::Size)?;
    let kind = value.kind();
    if !matches!(kind, ValueKind::Map | ValueKind::Seq | ValueKind::Iterable) {
        return Ok(());
    }
    let Ok(parts) = value.try_iter() else {
        return Ok(());
    };
    for part in parts {
        take(&part, depth + 1, room)?;
        if kind == ValueKind::Map
            && let Ok(inner) = value.get_item(&part)
        {
            take(&inner, depth + 1, room)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_value_is_measured_without_being_written() {
        assert_eq!(check(&Value::from("abc"), 3 + NODE), Ok(()));
        assert_eq!(check(&Value::from("abcd"), 3 + NODE), Err(Excess::Size));
        let mut twice = Value::from(vec![1]);
        for _ in 0..60 {
            twice = Value::from(vec![twice.clone(), twice]);
        }
        assert_eq!(check(&twice, 1 << 20), Err(Excess::Size));
        let mut deep = Value::from(1);
        for _ in 0..MAX_DEPTH {
            deep = Value::from(BTreeMap::from([("k", deep)]));
        }
        assert_eq!(check(&deep, 1 << 20), Ok(()));
        assert_eq!(check(&Value::from(vec![deep]), 1 << 20), Err(Excess::Depth));
    }
}

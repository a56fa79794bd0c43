//! Text of unknown origin, made fit for a terminal: nothing in it is obeyed, and its width is known.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Text with its control characters shown instead of obeyed: ESC as `^[`, others as `^X`, or as `\u{9b}`.
///
/// Characters that change the direction of text, and those that nobody sees, are shown too: they can make a line read as what it
/// is not.
pub fn show(text: &str) -> Cow<'_, str> {
    show_except(text, |_| false)
}

/// The same for a line of a log, in which a tab may stand.
pub fn show_line(line: &str) -> Cow<'_, str> {
    show_except(line, |c| c == '\t')
}

/// The same for several lines.
pub fn show_lines(text: &str) -> Cow<'_, str> {
    show_except(text, |c| c == '\n')
}

/// The same for whole documents: lines, with tabs in them.
pub fn show_document(text: &str) -> Cow<'_, str> {
    show_except(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON with every character that a terminal could obey written as its escape: the same document.
pub fn show_json(json: &str) -> Cow<'_, str> {
    // Between its values JSON has none of these but the ends of lines; in its strings those are escaped already.
    let is_bad = |c: char| is_bad(c) && c != '\n';
    if !json.chars().any(is_bad) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if is_bad(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a string does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn show_except(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let bad = |c: char| is_bad(c) && !keep(c);
    if !text.chars().any(bad) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            _ if !bad(c) => shown.push(c),
            '\n' | '\r' | '\t' => shown.push(' '),
            '\0'..='\x1f' => {
                shown.push('^');
                shown.push(char::from(c as u8 + 0x40));
            }
            '\x7f' => shown.push_str("^?"),
            _ => {
                // Writing into a string does not fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(shown)
}

fn is_bad(c: char) -> bool {
    is_control(c) || is_direction(c) || is_invisible(c)
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

/// What has no width and no meaning of its own. The joiners U+200C and U+200D, which scripts and emoji need, are none of these.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// A text cut to so many columns, with `…` at its end if anything is missing.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        let next = used + c.width().unwrap_or(0);
        if next + 1 > columns {
            break;
        }
        used = next;
        cut.push(c);
    }
    if columns > 0 {
        cut.push('…');
    }
    Cow::Owned(cut)
}

/// A line with our own colour codes in it, cut to so many columns.
pub fn fit(line: &str, columns: usize) -> String {
    let mut cut = String::with_capacity(line.len());
    let (mut used, mut in_code) = (0, false);
    for c in line.chars() {
        in_code |= c == '\x1b';
        if in_code {
            cut.push(c);
            in_code = c != 'm';
            continue;
        }
        let next = used + c.width().unwrap_or(0);
        if next > columns {
            continue;
        }
        used = next;
        cut.push(c);
    }
    cut
}

/// A number with its noun: `1 file`, `3 files`.
pub fn counted(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

/// A text filled up with blanks to so many columns.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        for (text, shown) in [
            ("plain é 日本", "plain é 日本"),
            ("\x1b[2J", "^[[2J"),
            ("\x1b]0;title\x07", "^[]0;title^G"),
            ("a\r\nb\tc", "a  b c"),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            ("\u{7f}\u{0}", "^?^@"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("\u{2028}", "\\u{2028}"),
        ] {
            assert_eq!(show(text), shown, "{text:?}");
        }
        assert_eq!(show_line("a\tb\x1b"), "a\tb^[");
        assert_eq!(show_document("a\tb\n\x1b"), "a\tb\n^[");
    }

    #[test]
    fn json_stays_the_same_document() {
        for text in [
            "\u{9b}2J\x1b",
            "\u{7f}\u{2028}\u{202e}",
            "\u{e0041}",
            "日本\n",
        ] {
            let json = serde_json::to_string_pretty(&[text]).expect("JSON");
            let shown = show_json(&json);
            assert!(!shown.chars().any(|c| is_bad(c) && c != '\n'), "{shown}");
            assert_eq!(
                serde_json::from_str::<[String; 1]>(&shown).expect("JSON"),
                [text]
            );
        }
    }

    #[test]
    fn a_cut_text_takes_no_more_than_its_columns() {
        for (text, columns, cut) in [
            ("apple", 5, "apple"),
            ("apple", 4, "app…"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("a", 0, ""),
        ] {
            assert_eq!(truncate(text, columns), cut, "{text} {columns}");
            assert!(width(&truncate(text, columns)) <= columns);
        }
        assert_eq!(pad("日", 4), "日  ");
    }

    #[test]
    fn colour_codes_take_no_columns_and_are_never_cut() {
        assert_eq!(fit("\x1b[31mab\x1b[0mcd", 3), "\x1b[31mab\x1b[0mc");
        assert_eq!(fit("\x1b[31mabcd\x1b[0m", 2), "\x1b[31mab\x1b[0m");
    }
}

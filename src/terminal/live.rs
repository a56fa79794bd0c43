//! A region of lines at the end of the terminal that is redrawn in place, with ordinary output scrolling above it.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Begins and ends a frame that the terminal shows at once, where it knows how (DEC private mode 2026).
const FRAME: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");
const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Whether some region has hidden the cursor, for the hook of a panic, which knows no region.
static IS_HIDDEN: AtomicBool = AtomicBool::new(false);

/// The live region. Dropping it puts the terminal back and leaves the last frame standing.
pub struct Live<W: Write> {
    out: W,
    shown: Vec<String>,
    hidden: bool,
}

impl<W: Write> Live<W> {
    /// Nothing is shown until the first frame.
    pub fn new(out: W) -> Self {
        Self {
            out,
            shown: Vec::new(),
            hidden: false,
        }
    }

    /// Shows `frame` in place of the last one; the same frame again costs nothing.
    ///
    /// The lines must fit the terminal's width, and there must be fewer of them than it has rows.
    pub fn draw(&mut self, frame: Vec<String>) -> std::io::Result<()> {
        if frame == self.shown {
            return Ok(());
        }
        self.write(&[], frame)
    }

    /// Prints lines that stay, above the region.
    pub fn print_above(&mut self, lines: &[String]) -> std::io::Result<()> {
        let frame = std::mem::take(&mut self.shown);
        let drawn = frame.len();
        self.shown = vec![String::new(); drawn];
        self.write(lines, frame)
    }

    /// Takes the region away.
    pub fn clear(&mut self) -> std::io::Result<()> {
        self.draw(Vec::new())?;
        self.restore()
    }

    /// Leaves the last frame standing and puts the terminal back; the next frame is drawn below.
    pub fn let_go(&mut self) -> std::io::Result<()> {
        self.shown.clear();
        self.restore()
    }

    fn write(&mut self, above: &[String], frame: Vec<String>) -> std::io::Result<()> {
        let mut text = String::from(FRAME.0);
        if !self.hidden {
            text.push_str(HIDE_CURSOR);
            self.hidden = true;
            IS_HIDDEN.store(true, Ordering::Relaxed);
        }
        if !self.shown.is_empty() {
            // What a person types, such as Ctrl-C, stands in the line and moves the cursor.
            let _ = write!(text, "\r\x1b[{}A", self.shown.len());
        }
        for line in above.iter().chain(&frame) {
            text.push('\r');
            text.push_str(line);
            text.push_str(CLEAR_LINE);
            text.push('\n');
        }
        text.push_str(CLEAR_BELOW);
        text.push_str(FRAME.1);
        self.shown = frame;
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn restore(&mut self) -> std::io::Result<()> {
        if std::mem::take(&mut self.hidden) {
            IS_HIDDEN.store(false, Ordering::Relaxed);
            self.out.write_all(SHOW_CURSOR.as_bytes())?;
            self.out.flush()?;
        }
        Ok(())
    }
}

impl<W: Write> Drop for Live<W> {
    fn drop(&mut self) {
        // A terminal that is gone needs no putting back.
        let _ = self.restore();
    }
}

/// From now on a panic first puts the terminal behind standard error back, so that its message can be read and the shell used.
pub fn put_back_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if IS_HIDDEN.swap(false, Ordering::Relaxed) {
            // A terminal that is gone needs no putting back.
            let _ = std::io::stderr().write_all(SHOW_CURSOR.as_bytes());
        }
        tell(panic);
    }));
}

/// Columns and rows of the terminal behind standard error, if it is one.
pub fn size() -> Option<(u16, u16)> {
    let (width, height) = terminal_size::terminal_size_of(std::io::stderr())?;
    Some((width.0, height.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    fn bytes(act: impl FnOnce(&mut Live<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        act(&mut Live::new(&mut out));
        String::from_utf8(out).expect("UTF-8").replace('\x1b', "^")
    }

    #[test]
    fn a_second_frame_goes_up_over_the_first_and_the_same_frame_writes_nothing() {
        let text = bytes(|live| {
            live.draw(lines(&["a", "b"])).expect("memory");
            live.draw(lines(&["a", "b"])).expect("memory");
            live.draw(lines(&["c"])).expect("memory");
        });
        assert_eq!(
            text,
            "^[?2026h^[?25l\ra^[K\n\rb^[K\n^[J^[?2026l\
             ^[?2026h\r^[2A\rc^[K\n^[J^[?2026l^[?25h"
        );
    }

    #[test]
    fn what_is_printed_above_stays_and_the_region_follows_it() {
        let text = bytes(|live| {
            live.draw(lines(&["table"])).expect("memory");
            live.print_above(&lines(&["failed"])).expect("memory");
        });
        assert!(
            text.ends_with("^[1A\rfailed^[K\n\rtable^[K\n^[J^[?2026l^[?25h"),
            "{text}"
        );
    }

    #[test]
    fn a_region_that_was_let_go_stands_and_the_next_frame_comes_below_it() {
        let text = bytes(|live| {
            live.draw(lines(&["a", "b"])).expect("memory");
            live.let_go().expect("memory");
            live.draw(lines(&["c"])).expect("memory");
        });
        assert!(
            text.contains("^[?2026l^[?25h^[?2026h^[?25l\rc^[K"),
            "{text}"
        );
    }

    #[test]
    fn a_panic_puts_the_cursor_back() {
        let mut out = Vec::new();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut live = Live::new(&mut out);
            live.draw(lines(&["x"])).expect("memory");
            // As a panic does, but without a message in the output of the tests.
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err());
        assert!(String::from_utf8_lossy(&out).ends_with(SHOW_CURSOR));
    }

    #[test]
    fn the_cursor_comes_back_when_it_was_hidden_and_only_then() {
        assert_eq!(bytes(|_| ()), "");
        assert!(
            bytes(|live| live.draw(lines(&["x"])).expect("memory"))
                .ends_with(SHOW_CURSOR.replace('\x1b', "^").as_str())
        );
    }
}

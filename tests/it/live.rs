//! The live table in a real terminal.

use std::time::{Duration, Instant};

use crate::support::{PROGRAM, Place, has, ran};

/// A terminal of its own, with a server of its own.
struct Terminal<'a> {
    place: &'a Place,
}

impl<'a> Terminal<'a> {
    fn start(place: &'a Place, arguments: &str) -> Self {
        let script = format!("trap : INT; {PROGRAM} {arguments}; echo \"ended $?\"; exec cat");
        Self::start_with(place, &["sh", "-c", &script])
    }

    fn start_with(place: &'a Place, command: &[&str]) -> Self {
        let terminal = Self { place };
        let session = ["new-session", "-d", "-x", "80", "-y", "12", "-s", "t"];
        terminal.tmux(&[&session[..], command].concat());
        terminal
    }

    /// Whether the cursor is shown.
    fn has_cursor(&self) -> bool {
        let flag = self.tmux(&["display-message", "-p", "-t", "t", "#{cursor_flag}"]);
        flag.trim() == "1"
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = self.place.command("tmux");
        tmux.args(["-S", "socket", "-f", "/dev/null"])
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm-256color");
        ran(&mut tmux, "").out
    }

    /// Waits until the screen is as it should be; gives it.
    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let screen = self.tmux(&["capture-pane", "-p", "-t", "t"]);
            if done(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "waited for {what} in vain:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn the_table_is_drawn_in_place_follows_the_window_and_is_put_away() {
    if !has("tmux") {
        return;
    }
    let place = Place::new();
    place.file(
        "t.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j-$ITEM\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      containers:\n      - name: c\n        image: busybox\n        command: [\"sh\", \"-c\", \"if [ $ITEM = 3 ]; then exit 7; fi; sleep 6\"]\n      restartPolicy: Never\n",
    );
    let items: Vec<String> = (1..=20).map(|number| number.to_string()).collect();
    let terminal = Terminal::start(
        &place,
        &format!("run --local -f t.yaml --items {}", items.join(",")),
    );
    let screen = terminal.wait("the table", |screen| {
        screen.contains("19 running") && screen.contains("1 failed")
    });
    let all = terminal.tmux(&["capture-pane", "-p", "-S", "-", "-t", "t"]);
    assert!(
        all.contains("✗ 3: failed: exit 7 (1 try)"),
        "told above the table:\n{all}"
    );
    assert!(screen.contains("j · local · 1/20 ["), "{screen}");
    assert!(screen.contains("… and "), "{screen}");
    assert_eq!(
        screen.matches("j · local").count(),
        1,
        "one table:\n{screen}"
    );
    terminal.tmux(&["resize-window", "-t", "t", "-x", "60", "-y", "9"]);
    terminal.wait("a lower table", |screen| {
        screen.lines().filter(|line| line.starts_with('▸')).count() <= 6
            && screen.contains("running")
    });
    let screen = terminal.wait("the end", |screen| screen.contains("ended 3"));
    assert!(
        screen.contains("✗ j: 19 succeeded, 1 failed in "),
        "{screen}"
    );
    assert!(
        !screen.contains("j · local"),
        "the table is gone:\n{screen}"
    );
    let cursor = terminal.tmux(&["display-message", "-p", "-t", "t", "#{cursor_flag}"]);
    assert_eq!(cursor.trim(), "1", "the cursor is back");
}

#[test]
fn ctrl_c_puts_the_terminal_back() {
    if !has("tmux") {
        return;
    }
    let place = Place::new();
    let terminal = Terminal::start(&place, "run --local --items a,b,c");
    terminal.wait("the table", |screen| screen.contains("3 running"));
    terminal.tmux(&["send-keys", "-t", "t", "C-c"]);
    let screen = terminal.wait("the end", |screen| screen.contains("ended 130"));
    assert!(
        screen.contains("interrupted: the local cluster and its processes have ended"),
        "{screen}"
    );
    assert!(
        !screen.contains("jobexample · local"),
        "the table is gone:\n{screen}"
    );
    let cursor = terminal.tmux(&["display-message", "-p", "-t", "t", "#{cursor_flag}"]);
    assert_eq!(cursor.trim(), "1", "the cursor is back");
}

#[test]
fn term_puts_the_terminal_back() {
    if !has("tmux") {
        return;
    }
    let place = Place::new();
    let command = format!(
        "{PROGRAM} run --local --items a,b,c & pid=$!; sleep 2; kill -TERM $pid; wait $pid; echo \"ended $?\"; exec cat"
    );
    let terminal = Terminal::start_with(&place, &["sh", "-c", &command]);
    terminal.wait("the table", |screen| screen.contains("3 running"));
    assert!(!terminal.has_cursor(), "the table hides it");
    let screen = terminal.wait("the end", |screen| screen.contains("ended 130"));
    assert!(
        !screen.contains("jobexample · local"),
        "the table is gone:\n{screen}"
    );
    assert!(terminal.has_cursor());
}

#[test]
fn ctrl_z_puts_the_terminal_back_and_fg_draws_again() {
    if !has("tmux") || !has("bash") {
        return;
    }
    let place = Place::new();
    let terminal = Terminal::start_with(&place, &["bash", "--norc", "-i"]);
    let command = format!("{PROGRAM} run --local --items a,b,c");
    terminal.tmux(&["send-keys", "-t", "t", &command, "Enter"]);
    terminal.wait("the table", |screen| screen.contains("3 running"));
    terminal.tmux(&["send-keys", "-t", "t", "C-z"]);
    terminal.wait("the shell", |screen| screen.contains("Stopped"));
    assert!(terminal.has_cursor());
    terminal.tmux(&["send-keys", "-t", "t", "clear; fg", "Enter"]);
    terminal.wait("the table or the end", |screen| {
        screen.contains("jobexample · local") || screen.contains("✓ jobexample: 3 succeeded")
    });
    let screen = terminal.wait("the end", |screen| {
        screen.contains("✓ jobexample: 3 succeeded")
    });
    assert!(
        !screen.contains("jobexample · local"),
        "the table is gone:\n{screen}"
    );
    assert!(terminal.has_cursor());
}

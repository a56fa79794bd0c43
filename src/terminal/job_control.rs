//! Ctrl-Z and `fg`: the tool puts the terminal back before it stops, and takes it again when it goes on.

/// What the shell's job control wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Stop, until told to go on.
    Stop,
    /// It was stopped, and goes on.
    GoOn,
}

/// Waits for the signals of job control.
pub struct Pauses {
    #[cfg(unix)]
    stop: tokio::signal::unix::Signal,
    #[cfg(unix)]
    go_on: tokio::signal::unix::Signal,
}

impl Pauses {
    /// Takes the signals over from their defaults.
    pub fn new() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use rustix::process::Signal;
            use tokio::signal::unix::{SignalKind, signal};
            let kind = |signal: Signal| SignalKind::from_raw(signal.as_raw());
            Ok(Self {
                stop: signal(kind(Signal::TSTP))?,
                go_on: signal(kind(Signal::CONT))?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Pause {
        #[cfg(unix)]
        tokio::select! {
            _ = self.stop.recv() => Pause::Stop,
            _ = self.go_on.recv() => Pause::GoOn,
        }
        #[cfg(not(unix))]
        std::future::pending().await
    }

    /// Stops this process as the signal would have; returns when it goes on.
    pub fn stop() -> std::io::Result<()> {
        #[cfg(unix)]
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        Ok(())
    }
}

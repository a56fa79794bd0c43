//! Reports that a command leaves in files: `--joblog` while it works, `--report-junit` at its end.

#![expect(clippy::disallowed_methods, reason = "reports are files")]

use std::fs::File;
use std::io::{self, BufWriter, LineWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{CliResult, Failure};
use crate::group::{Group, Member};
use crate::render::{joblog, junit};

/// Where reports go.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ReportArgs {
    /// Write a line to this file for each member that ends, in the columns of GNU parallel's --joblog
    #[arg(long, value_name = "FILE")]
    joblog: Option<PathBuf>,
    /// Write a JUnit report to this file at the end, with a case for each member
    #[arg(long, value_name = "FILE")]
    report_junit: Option<PathBuf>,
}

/// Files that are open for reports.
#[derive(Default)]
pub(super) struct Reports {
    joblog: Option<LineWriter<File>>,
    /// It takes its name once it is whole.
    junit: Option<(NamedTempFile, PathBuf)>,
}

impl ReportArgs {
    /// Opens the files, so that a name that cannot be written is known before anything is done.
    pub(super) fn open(&self) -> CliResult<Reports> {
        let joblog = self.joblog.as_deref().map(begin_joblog).transpose()?;
        let junit = self.report_junit.as_deref().map(begin_junit).transpose()?;
        Ok(Reports { joblog, junit })
    }
}

fn begin_joblog(path: &Path) -> CliResult<LineWriter<File>> {
    let begin = || {
        let mut file = LineWriter::new(File::create(path)?);
        writeln!(file, "{}", joblog::HEADER)?;
        Ok(file)
    };
    begin().map_err(|error| cannot_write("--joblog", path, &error))
}

fn begin_junit(path: &Path) -> CliResult<(NamedTempFile, PathBuf)> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let file = file.map_err(|error| cannot_write("--report-junit", path, &error))?;
    Ok((file, path.to_owned()))
}

fn cannot_write(flag: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "{flag}: {} cannot be written: {error}",
        path.display()
    ))
}

impl Reports {
    /// A member has ended.
    pub(super) fn ended(&mut self, member: &Member) -> io::Result<()> {
        let Some(file) = &mut self.joblog else {
            return Ok(());
        };
        writeln!(file, "{}", joblog::line(member))
            .map_err(|error| named(&error, "the job log cannot be written"))
    }

    /// The command is at its end.
    pub(super) fn finish(self, title: &str, group: &Group) -> io::Result<()> {
        let Some((file, path)) = self.junit else {
            return Ok(());
        };
        let write = || {
            let mut out = BufWriter::new(&file);
            junit::write(&mut out, title, group)?;
            out.flush()
        };
        write()
            .and_then(|()| Ok(file.persist(&path)?))
            .map_err(|error| named(&error, &format!("{} cannot be written", path.display())))?;
        Ok(())
    }
}

fn named(error: &io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

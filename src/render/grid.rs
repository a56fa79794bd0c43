//! A table without borders, as kubectl prints its own.

use tabled::builder::Builder;
use tabled::settings::{Padding, Style};

/// Rows under their headers (left out if there are none), each line ended; columns are as wide as they need to be.
pub fn grid(
    headers: Option<&[&str]>,
    rows: impl IntoIterator<Item = impl IntoIterator<Item = String>>,
) -> String {
    let mut builder = Builder::default();
    if let Some(headers) = headers {
        builder.push_record(headers.iter().copied());
    }
    for row in rows {
        builder.push_record(row);
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::new(0, 3, 0, 0));
    let mut text = String::new();
    for line in table.to_string().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_trails() {
        let rows = [["apple", "1"], ["日本", "22"]].map(|row| row.map(str::to_owned));
        insta::assert_snapshot!(grid(Some(&["ITEM", "N"]), rows), @r"
        ITEM    N
        apple   1
        日本    22
        ");
        assert_eq!(grid(None, [["a".to_owned()]]), "a\n");
    }
}

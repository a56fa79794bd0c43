//! A group as a JUnit report, as CI systems read it: one suite, one case for each member.
//!
//! Elements and attributes are those that Jenkins' and GitLab's readers know (`testsuites`, `testsuite`, `testcase`, `failure`,
//! `error`, `skipped`).

use std::io;

use jiff::SignedDuration;
use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::group::{Group, Member, Phase};

/// Writes the report of a group, members in the order of the list.
///
/// # Errors
///
/// What the sink says.
pub fn write(out: &mut dyn io::Write, title: &str, group: &Group) -> io::Result<()> {
    let mut members: Vec<&Member> = group.members().iter().collect();
    members.sort_by_key(|member| (member.index, &member.place));
    let tally = group.tally();
    let errors = tally.of(Phase::Gone) + tally.of(Phase::Refused);
    let time = members.iter().filter_map(|member| member.ran_for).sum();
    let counts = [
        ("name", text(title)),
        ("tests", tally.total().to_string()),
        ("failures", tally.of(Phase::Failed).to_string()),
        ("errors", errors.to_string()),
        ("skipped", (tally.total() - tally.done()).to_string()),
        ("time", seconds(Some(time))),
    ];
    let counts = || counts.iter().map(|(name, value)| (*name, value.as_str()));
    let mut writer = Writer::new_with_indent(out, b' ', 2);
    let suites = writer
        .create_element("testsuites")
        .with_attributes(counts().skip(1));
    suites.write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attributes(counts());
        suite.write_inner_content(|writer| {
            members
                .iter()
                .try_for_each(|member| case(writer, title, member))
        })?;
        Ok(())
    })?;
    writer.get_mut().write_all(b"\n")
}

fn case(writer: &mut Writer<&mut dyn io::Write>, title: &str, member: &Member) -> io::Result<()> {
    let attributes = [
        ("name", text(&member.item)),
        ("classname", text(title)),
        ("time", seconds(member.ran_for)),
    ];
    let case = writer.create_element("testcase").with_attributes(
        attributes
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    let outcome = match member.state.phase {
        Phase::Succeeded => {
            case.write_empty()?;
            return Ok(());
        }
        Phase::Failed => "failure",
        Phase::Gone | Phase::Refused => "error",
        _ => "skipped",
    };
    case.write_inner_content(|writer| {
        let why = member
            .state
            .reason
            .as_deref()
            .unwrap_or(member.state.phase.word());
        let element = writer
            .create_element(outcome)
            .with_attribute(("message", text(why).as_str()));
        let last = member.last_line.as_deref().unwrap_or_default();
        element.write_text_content(BytesText::new(&text(last)))?;
        Ok(())
    })?;
    Ok(())
}

/// What XML 1.0 has no way to write is shown instead.
fn text(text: &str) -> String {
    super::show(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn seconds(time: Option<SignedDuration>) -> String {
    format!("{:.3}", time.map_or(0.0, |time| time.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::zoo;

    #[test]
    fn each_member_is_a_case() {
        let mut out = Vec::new();
        write(&mut out, "fruit", &zoo()).expect("a vector takes everything");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r#"
        <testsuites tests="7" failures="1" errors="0" skipped="5" time="10.000">
          <testsuite name="fruit" tests="7" failures="1" errors="0" skipped="5" time="10.000">
            <testcase name="apple" classname="fruit" time="5.000"/>
            <testcase name="banana" classname="fruit" time="5.000">
              <failure message="exit 3 (7 tries)"></failure>
            </testcase>
            <testcase name="cherry" classname="fruit" time="0.000">
              <skipped message="running"></skipped>
            </testcase>
            <testcase name="date" classname="fruit" time="0.000">
              <skipped message="exit 1"></skipped>
            </testcase>
            <testcase name="elderberry" classname="fruit" time="0.000">
              <skipped message="ImagePullBackOff busyboxx:1"></skipped>
            </testcase>
            <testcase name="fig" classname="fruit" time="0.000">
              <skipped message="suspended"></skipped>
            </testcase>
            <testcase name="grape^[[2J" classname="fruit" time="0.000">
              <skipped message="pending"></skipped>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}

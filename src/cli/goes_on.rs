//! What goes on in the cluster without a command that ends, what was left undone, and the commands that go on with it.

use super::Global;
use super::error::INTERRUPTED;
use super::follow::Ending;
use super::screen;
use super::target::{Target, namespace_flag};
use crate::render;

/// Says how a command that creates members ended, where its last lines do not.
pub(super) fn say(
    ending: &Ending,
    is_local: bool,
    is_detached: bool,
    target: &Target,
    global: &Global,
) {
    if let Some(why) = &ending.stopped {
        screen::say(&format!("error: {why}"));
    }
    if ending.code == INTERRUPTED && is_local {
        screen::say("interrupted: the local cluster and its processes have ended");
    } else if (ending.gave_up && !is_local)
        || ending.code == INTERRUPTED
        || ending.stopped.is_some()
        || is_detached
    {
        left(ending.left, ending.is_recorded, target, global);
        watch(target, global);
    }
}

/// Members that were not created, if there are any, and the command that creates them.
pub(super) fn left(count: usize, is_recorded: bool, target: &Target, global: &Global) {
    if count == 0 {
        return;
    }
    let how = if is_recorded {
        let namespace = namespace_flag(global);
        format!(": kubectl batch continue {namespace}{}", target.flags)
    } else {
        ", the same command again".into()
    };
    screen::say(&format!(
        "{} not created yet; to go on{how}",
        render::counted(count, "member")
    ));
}

/// How to come back to a group.
pub(super) fn watch(target: &Target, global: &Global) {
    screen::say(&format!(
        "the Jobs that were created go on; to come back: kubectl batch watch {}{}",
        namespace_flag(global),
        target.flags
    ));
}

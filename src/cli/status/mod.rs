//! `status`: the groups of a namespace, the members of one group, or all that is known of one member, as they stand now.

mod groups;
mod item;
mod members;
mod sheet;

use super::choice::ChoiceArgs;
use super::session::{Session, block_on};
use super::{CliResult, Global};
use sheet::Output;

/// Show the groups of a namespace, the members of one group, or one member
///
/// With --item, everything that is known of the member: its tries, its Pods, and their Events.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// table, wide, json, yaml, csv, name, or jsonpath=TEMPLATE, which sees the same document as json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true
    )]
    output: Output,
    /// No line with the columns' names
    #[arg(long)]
    no_headers: bool,
}

/// Shows the state.
pub(super) fn status(args: &Args, global: &Global) -> CliResult {
    block_on(async {
        if args.choice.target.named()?.is_some() {
            let found = args.choice.look(global).await?;
            return match args.choice.items.as_slice() {
                [item] if args.output.is_table() => item::show_item(found, item).await,
                _ => members::show(found, args),
            };
        }
        let session = Session::connect(global).await?;
        let namespace = args.choice.target.namespace(&session.namespace);
        groups::show(&session, namespace, args).await
    })
}

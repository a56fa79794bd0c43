//! `--order` and `--shuffle`: the order in which members are created.

use crate::items::{Item, Order};

/// The order of creation.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Pace")]
pub(super) struct OrderArgs {
    /// Which members are created first: list, reverse, name or shuffle; an item's INDEX stays its position in the list
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "list",
        hide_default_value = true
    )]
    order: Kind,
    /// The same as --order shuffle; --seed says which order it is
    #[arg(long, conflicts_with = "order")]
    shuffle: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// As the list has them
    List,
    /// From the end of the list
    Reverse,
    /// By the items' texts
    Name,
    /// Random, by --seed
    Shuffle,
}

impl OrderArgs {
    /// Puts the items into the order in which they are to be created.
    pub(super) fn arrange(self, items: &mut [Item], seed: u64) {
        let order = match self.order {
            _ if self.shuffle => Order::Shuffle(seed),
            Kind::List => Order::List,
            Kind::Reverse => Order::Reverse,
            Kind::Name => Order::Name,
            Kind::Shuffle => Order::Shuffle(seed),
        };
        order.arrange(items);
    }
}

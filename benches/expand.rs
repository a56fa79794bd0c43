//! What one item costs: the example template, a Jinja template, and one whose shape differs from item to item.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kubectl_batch::items::Item;
use kubectl_batch::template::{Names, Options, Source, Template, builtin};

const ITEMS: usize = 10_000;

fn main() {
    divan::main();
}

fn template(text: &str) -> Template {
    let source = Source {
        name: "bench.yaml".into(),
        text: text.into(),
    };
    Template::compile(&[source], &Options::default()).expect("the template is sound")
}

fn process_item() -> &'static str {
    builtin("process-item")
        .expect("it comes with the tool")
        .text
}

fn run(bencher: Bencher<'_, '_>, text: &str, count: usize) {
    let template = template(text);
    let items: Vec<Item> = (0..count)
        .map(|index| Item::scalar(index, format!("item-{index}")))
        .collect();
    let write = || {
        let (mut names, mut out) = (Names::default(), Vec::with_capacity(16 << 20));
        for item in &items {
            template
                .write_checked(item, &mut names, &mut out)
                .expect("the item is sound");
        }
        out
    };
    let bytes = write().len();
    bencher
        .counter(ItemsCount::new(count))
        .counter(BytesCount::new(bytes))
        .bench_local(write);
}

#[divan::bench]
fn dollars(bencher: Bencher<'_, '_>) {
    run(bencher, process_item(), ITEMS);
}

#[divan::bench]
fn jinja(bencher: Bencher<'_, '_>) {
    run(
        bencher,
        &process_item().replace("$ITEM", "{{ item }}"),
        ITEMS,
    );
}

#[divan::bench]
fn jinja_with_another_shape_each_time(bencher: Bencher<'_, '_>) {
    let text =
        format!("# {{{{ index | safe }}}}\n{}", process_item()).replace("$ITEM", "{{ item }}");
    run(bencher, &text, 100);
}

#[divan::bench]
fn compile() -> Template {
    template(process_item())
}

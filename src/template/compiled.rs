//! A compiled template: its files, and the group's name.

use std::cell::RefCell;

use super::document::{Document, Room};
use super::error::TemplateError;
use super::file::File;
use super::slot::Filling;
use super::values::Rendered;
use super::{Expansion, Notice, Options, Source, TakeName, group_name, token};
use crate::items::Item;

/// A template that is ready for items.
pub struct Template {
    files: Vec<File>,
    options: Options,
    group: String,
    list_inside: bool,
    uses_item: bool,
    room: RefCell<Room>,
}

impl Template {
    /// Compiles the files of a template.
    pub fn compile(sources: &[Source], options: &Options) -> Result<Self, TemplateError> {
        let files = sources
            .iter()
            .map(|source| File::new(source, options))
            .collect::<Result<Vec<_>, _>>()?;
        let uses_item = files.iter().any(|file| file.uses_item(options));
        let list_inside = !uses_item && files.iter().any(|file| file.jinja.is_some());
        let group = group_name::choose(&files, options, list_inside)?;
        for file in &files {
            file.forget();
        }
        Ok(Self {
            files,
            options: options.clone(),
            group,
            list_inside,
            uses_item,
            room: RefCell::default(),
        })
    }

    /// The group's name.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The texts that it was compiled from.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().map(|file| &file.source)
    }

    /// How they were read.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Whether the template holds its own list: it is then expanded once, without items.
    pub fn holds_list(&self) -> bool {
        self.list_inside
    }

    /// What the check of the template finds, with the values of one item in it.
    pub fn notices(&self, item: &Item) -> Result<Vec<Notice>, TemplateError> {
        let mut found = Vec::new();
        for file in &self.files {
            let (rendering, values) = file.render(item, &self.options, &self.group)?;
            let filling = self.filling(item, &values);
            for document in &rendering.documents {
                found.extend(document.notices(&file.source, &self.options, &filling)?);
            }
        }
        Ok(found)
    }

    /// The objects of one item.
    pub fn expand(&self, item: &Item) -> Result<Expansion, TemplateError> {
        let mut objects = Vec::new();
        self.each(item, &mut |document, filling, _| {
            objects.push(document.value(filling)?);
            Ok(())
        })?;
        Ok(Expansion { objects })
    }

    /// The objects of one item as YAML documents, each after `---`.
    pub fn write_yaml(&self, item: &Item, out: &mut Vec<u8>) -> Result<(), TemplateError> {
        self.each(item, &mut |document, filling, room| {
            document.write(filling, room, out)
        })
    }

    /// The same, for a list of items: names are checked before anything is appended.
    pub fn write_checked(
        &self,
        item: &Item,
        names: &mut impl TakeName,
        out: &mut Vec<u8>,
    ) -> Result<(), TemplateError> {
        self.each(item, &mut |document, filling, room| {
            take_name(document, filling, room, names)?;
            document.write(filling, room, out)
        })
    }

    /// The objects of one item of a list, with their names checked.
    pub fn expand_checked(
        &self,
        item: &Item,
        names: &mut impl TakeName,
    ) -> Result<Expansion, TemplateError> {
        let mut objects = Vec::new();
        self.each(item, &mut |document, filling, room| {
            take_name(document, filling, room, names)?;
            objects.push(document.value(filling)?);
            Ok(())
        })?;
        Ok(Expansion { objects })
    }

    /// The same template once more, for another thread.
    pub fn again(&self) -> Result<Self, TemplateError> {
        let sources: Vec<Source> = self.sources().cloned().collect();
        Self::compile(&sources, &self.options)
    }

    /// Whether it holds Jinja, so that what an item takes is not known before it is done.
    pub fn holds_program(&self) -> bool {
        self.files.iter().any(|file| file.jinja.is_some())
    }

    /// Whether any object differs from item to item.
    pub fn uses_item(&self) -> bool {
        self.uses_item
    }

    /// Whether any object holds the length of the list, which then has to be known before the first item is expanded.
    pub fn uses_count(&self) -> bool {
        self.files.iter().any(|file| file.uses_count(&self.options))
    }

    /// Visits the documents of one item, with their digests.
    fn each(
        &self,
        item: &Item,
        visit: &mut dyn FnMut(&Document, &Filling<'_>, &mut Room) -> Result<(), TemplateError>,
    ) -> Result<(), TemplateError> {
        self.check(item)?;
        let mut members = 0;
        let mut room = self.room.borrow_mut();
        for file in &self.files {
            let (rendering, values) = file.render(item, &self.options, &self.group)?;
            let filling = self.filling(item, &values);
            for document in &rendering.documents {
                members += usize::from(document.is_member);
                let digest = document.digest(&filling, &mut room)?;
                let filling = Filling {
                    digest: &digest,
                    ..filling
                };
                visit(document, &filling, &mut room)?;
            }
        }
        if members == 0 {
            let names = self.files.iter().map(|file| file.source.name.as_str());
            return Err(group_name::no_job(&names.collect::<Vec<_>>()));
        }
        Ok(())
    }

    /// Refuses texts that no object can carry.
    fn check(&self, item: &Item) -> Result<(), TemplateError> {
        let text = item.text();
        let problem = if text.contains('\0') {
            "it holds a NUL, which no environment, argument or file name can"
        } else if token::contains_token(&text) {
            "it holds U+FDD0 or U+FDD1, which are no characters"
        } else {
            return Ok(());
        };
        let filling = self.filling(item, &[]);
        Err(filling.misfit(problem.into(), "remove it from the list"))
    }

    fn filling<'a>(&'a self, item: &'a Item, rendered: &'a [Rendered]) -> Filling<'a> {
        Filling {
            item,
            rendered,
            digest: "",
            strict_names: self.options.strict_names,
            probe: None,
        }
    }
}

fn take_name(
    document: &Document,
    filling: &Filling<'_>,
    room: &mut Room,
    names: &mut impl TakeName,
) -> Result<(), TemplateError> {
    match document.name(filling, room)? {
        Some((kind, name)) => names.take(kind, name, document.is_member, filling.item),
        None => Ok(()),
    }
}

//! Objects by number: where the cross-reference data say, and nowhere else.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use super::{
    OpenError, Repair,
    filter::{self, Budget},
    object::{Dict, Id, Object},
    parse::{Parser, Token, Wording},
    xref::{Entry, Section},
};
use crate::limits::{MAX_PDF_KEPT, MAX_PDF_OBJECTS, MAX_PDF_TREE};

/// Most references followed from one to the next: an honest one leads to its object at once.
const MAX_HOPS: usize = 8;

/// Sections that are always searched one by one.
const FEW_SECTIONS: usize = 8;

/// A file whose cross-reference data are read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) data: &'a [u8],
    /// Newest first.
    pub(super) sections: Vec<Rc<Section>>,
    /// What they say of each number: put together once searching them has cost as much.
    entries: OnceCell<HashMap<u32, Entry>>,
    searched: Cell<usize>,
    pub(super) budget: Rc<Budget>,
    pub(super) repairs: RefCell<Vec<Repair>>,
    /// Whether strings and streams cannot be read without a password.
    pub(super) encrypted: bool,
    /// Object streams that were read, by their offset.
    containers: RefCell<BTreeMap<usize, Rc<Container<'a>>>>,
    kept: Rc<Kept>,
}

/// Objects that were read, by their offset: for all readers of one file and of what it was before, each of them
/// asks for the same ones.
#[derive(Debug, Default)]
struct Kept {
    objects: RefCell<BTreeMap<usize, KeptObject>>,
    /// How much of the file they are.
    bytes: Cell<usize>,
}

impl Kept {
    /// Whether an object of so many bytes may be kept, which then counts.
    fn has_room(&self, length: usize) -> bool {
        let bytes = self.bytes.get().saturating_add(length);
        let has_room = bytes <= MAX_PDF_KEPT;
        if has_room {
            self.bytes.set(bytes);
        }
        has_room
    }
}

#[derive(Debug)]
struct KeptObject {
    id: Id,
    loaded: Loaded,
    /// Where reading it ended.
    end: usize,
    /// The furthest byte that had a say in it.
    reach: usize,
    wording: Wording,
}

/// An object as it is written down.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) object: Object,
    /// Where it ends, with the data of a stream; in the file, or in its object stream.
    pub(super) end: usize,
    pub(super) wording: Wording,
}

/// An indirect object.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    /// Its number; 0 for the null object that an unknown number stands for, and for direct objects.
    pub(super) number: u32,
    pub(super) object: Object,
    /// True where spans count in the file, not in an object stream.
    pub(super) in_file: bool,
    /// Where the data of a stream begin.
    stream: Option<usize>,
}

impl Loaded {
    /// An object that stands within another.
    pub(super) fn direct(object: Object) -> Loaded {
        Loaded {
            number: 0,
            object,
            in_file: false,
            stream: None,
        }
    }

    /// An object within this one, whose spans count where this one's do.
    pub(super) fn within(&self, object: Object) -> Loaded {
        Loaded {
            number: 0,
            object,
            in_file: self.in_file,
            stream: None,
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// A dictionary that is none of a stream, which some readers take for one and others do not.
    pub(super) fn plain_dict(&self) -> Option<&Dict> {
        self.object.dict().filter(|_| !self.is_stream())
    }

    /// Where the data of a stream begin.
    pub(super) fn stream_start(&self) -> Option<usize> {
        self.stream
    }
}

/// A decoded object stream (7.5.7).
#[derive(Debug)]
struct Container<'a> {
    number: u32,
    data: Cow<'a, [u8]>,
    /// Object numbers and offsets in `data`.
    index: Vec<(u32, usize)>,
    /// Of the index.
    wording: Wording,
    /// Objects that were read, by their place in the index, and the furthest byte that had a say in each.
    objects: RefCell<BTreeMap<usize, (Object, usize, Wording)>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        data: &'a [u8],
        sections: Vec<Rc<Section>>,
        budget: Rc<Budget>,
        repairs: Vec<Repair>,
    ) -> Reader<'a> {
        Reader {
            data,
            encrypted: sections
                .first()
                .is_some_and(|section| section.trailer.get("Encrypt").is_some()),
            sections,
            entries: OnceCell::new(),
            searched: Cell::default(),
            budget,
            repairs: RefCell::new(repairs),
            containers: RefCell::default(),
            kept: Rc::default(),
        }
    }

    /// A reader of the same file, or of its beginning, that shares what was read.
    pub(super) fn beside(
        &self,
        data: &'a [u8],
        sections: Vec<Rc<Section>>,
        budget: Rc<Budget>,
        repairs: Vec<Repair>,
    ) -> Reader<'a> {
        Reader {
            kept: Rc::clone(&self.kept),
            ..Reader::new(data, sections, budget, repairs)
        }
    }

    /// A reader of the same file under another account.
    pub(super) fn under(&self, budget: Rc<Budget>) -> Reader<'a> {
        Reader {
            containers: self.containers.clone(),
            ..self.beside(self.data, self.sections.clone(), budget, Vec::new())
        }
    }

    pub(super) fn trailer(&self) -> Option<&Dict> {
        self.sections.first().map(|section| &section.trailer)
    }

    pub(super) fn entry(&self, number: u32) -> Option<Entry> {
        let sections = self.sections.iter();
        let searched = self.searched.get() + self.sections.len();
        let is_dear = || {
            let entries = sections
                .clone()
                .map(|section| section.entries.len() + section.hidden.len());
            self.sections.len() > FEW_SECTIONS && searched > entries.sum()
        };
        if self.entries.get().is_none() && !is_dear() {
            self.searched.set(searched);
            return sections.clone().find_map(|section| section.entry(number));
        }
        let all = || {
            let mut all = HashMap::new();
            for section in self.sections.iter().rev() {
                let numbers = section.entries.keys().chain(section.hidden.keys());
                all.extend(numbers.filter_map(|number| Some((*number, section.entry(*number)?))));
            }
            all
        };
        self.entries.get_or_init(all).get(&number).copied()
    }

    /// The object a reference stands for; the null object if there is none (7.3.10).
    pub(super) fn load(&self, id: Id) -> Result<Loaded, OpenError> {
        // Every section may be searched.
        self.budget
            .parse(self.entries.get().map_or(self.sections.len(), |_| 1))?;
        match self.entry(id.number) {
            None | Some(Entry::Free) => Ok(Loaded::direct(Object::Null)),
            Some(entry) if entry.generation() != Some(id.generation) => Ok(Loaded::direct(Object::Null)),
            Some(Entry::At { offset, .. }) => self.load_at(id, offset),
            Some(Entry::In { container, index }) => Ok(self.read_in(id, container, index)?.0),
        }
    }

    fn load_at(&self, id: Id, offset: usize) -> Result<Loaded, OpenError> {
        Ok(self.read_at(id, offset)?.0)
    }

    /// The object, where reading it ended, and how it is written.
    fn read_at(&self, id: Id, offset: usize) -> Result<(Loaded, usize, Wording), OpenError> {
        let lost = OpenError::CrossReference {
            offset,
            what: "the object listed here is not here",
        };
        // One of which a byte is cut off here is another.
        let kept = self.kept.objects.borrow();
        if let Some(kept) = kept.get(&offset).filter(|kept| kept.reach < self.data.len()) {
            if kept.id != id {
                return Err(lost);
            }
            // It costs what it cost, so that no limit depends on who asked before.
            self.budget.parse(kept.reach.saturating_sub(offset))?;
            return Ok((kept.loaded.clone(), kept.end, kept.wording));
        }
        drop(kept);
        let mut parser = Parser::file(self.data, offset);
        if parser.object_header().ok() != Some(id) {
            // Blanks and comments before what is no head are paid for as well.
            self.budget.parse(parser.reach().saturating_sub(offset))?;
            return Err(lost);
        }
        let read = parser.object();
        let is_stream = matches!(read, Ok(Object::Dict(_))) && parser.keyword(b"stream");
        let is_whole = is_stream || read.is_ok() && parser.keyword(b"endobj");
        self.budget.parse(parser.reach().saturating_sub(offset))?;
        let object = read?;
        if !is_whole {
            return Err(parser.error("endobj"));
        }
        let stream = is_stream.then(|| {
            parser.line_end();
            parser.pos()
        });
        let loaded = Loaded {
            number: id.number,
            object,
            in_file: true,
            stream,
        };
        let (end, reach, wording) = (parser.pos(), parser.reach(), parser.wording());
        if reach < self.data.len() && self.kept.has_room(reach.saturating_sub(offset)) {
            let kept = KeptObject {
                id,
                loaded: loaded.clone(),
                end,
                reach,
                wording,
            };
            self.kept.objects.borrow_mut().insert(offset, kept);
        }
        Ok((loaded, end, wording))
    }

    /// An object where an entry has it, whole: with the data of a stream.
    pub(super) fn written(&self, id: Id, entry: Entry) -> Result<Written, OpenError> {
        let (loaded, end, wording) = match entry {
            Entry::Free => (Loaded::direct(Object::Null), 0, Wording::Plain),
            Entry::At { offset, .. } => self.read_at(id, offset)?,
            Entry::In { container, index } => self.read_in(id, container, index)?,
        };
        let (end, of_data) = match loaded.stream {
            Some(_) => self
                .around_stream(&loaded)
                .map(|(_, end, wording)| (end, wording))?,
            None => (end, Wording::Plain),
        };
        Ok(Written {
            object: loaded.object,
            end,
            wording: wording.max(of_data),
        })
    }

    /// Where the head of an object that is written at an offset ends; none where there is no head.
    pub(super) fn head_at(&self, offset: usize) -> Result<Option<usize>, OpenError> {
        let mut parser = Parser::file(self.data, offset);
        let head = parser.object_header();
        self.budget.parse(parser.reach().saturating_sub(offset))?;
        Ok(head.ok().map(|_| parser.pos()))
    }

    /// The numbers of the objects in an object stream that is written at an offset; none of another object.
    pub(super) fn parts(&self, id: Id, offset: usize) -> Result<Vec<u32>, OpenError> {
        let kind = match self.read_at(id, offset) {
            Err(limit @ OpenError::Limit { .. }) => return Err(limit),
            Err(_) => return Ok(Vec::new()),
            Ok((loaded, ..)) => loaded.object.dict().and_then(|dict| dict.get("Type").cloned()),
        };
        if kind.as_ref().and_then(Object::name) != Some(b"ObjStm") {
            return Ok(Vec::new());
        }
        let held = self.container_at(id, offset)?;
        Ok(held.index.iter().map(|(number, _)| *number).collect())
    }

    fn read_in(&self, id: Id, container: u32, index: usize) -> Result<(Loaded, usize, Wording), OpenError> {
        let wrong = |what| OpenError::Object {
            object: container,
            what,
        };
        // 7.5.7: a container is not itself in a container, so this goes no deeper.
        let Some(Entry::At { offset, generation }) = self.entry(container) else {
            return Err(wrong(
                "the object stream named by the cross-reference data is absent",
            ));
        };
        let held = self.container_at(
            Id {
                number: container,
                generation,
            },
            offset,
        )?;
        let at = match held.index.get(index) {
            Some((number, at)) if *number == id.number => *at,
            _ => return Err(wrong("the object stream does not hold what is listed in it")),
        };
        let loaded = |object| Loaded {
            number: id.number,
            object,
            in_file: false,
            stream: None,
        };
        if let Some((object, reach, wording)) = held.objects.borrow().get(&index) {
            self.budget.parse(reach.saturating_sub(at))?;
            return Ok((loaded(object.clone()), *reach, *wording));
        }
        let mut parser = Parser::stream(&held.data, at, held.number).of(id.number);
        let object = parser.object();
        let (reach, length) = (parser.reach(), parser.reach().saturating_sub(at));
        let wording = parser.wording().max(held.wording);
        self.budget.parse(length)?;
        let object = object?;
        // Some readers cut it off where the next one begins.
        if held
            .index
            .get(index + 1)
            .is_some_and(|(_, next)| parser.pos() > *next)
        {
            return Err(wrong("objects that overlap in the object stream"));
        }
        if self.kept.has_room(length) {
            let read = (object.clone(), reach, wording);
            held.objects.borrow_mut().insert(index, read);
        }
        Ok((loaded(object), reach, wording))
    }

    fn container_at(&self, id: Id, offset: usize) -> Result<Rc<Container<'a>>, OpenError> {
        if let Some(held) = self.containers.borrow().get(&offset) {
            return Ok(Rc::clone(held));
        }
        let read = Rc::new(self.container(id, offset)?);
        self.containers.borrow_mut().insert(offset, Rc::clone(&read));
        Ok(read)
    }

    fn container(&self, id: Id, offset: usize) -> Result<Container<'a>, OpenError> {
        let wrong = |what| OpenError::Object {
            object: id.number,
            what,
        };
        let loaded = self.load_at(id, offset)?;
        let dict = loaded.object.dict().ok_or_else(|| wrong("no object stream"))?;
        if dict.get("Type").and_then(Object::name) != Some(b"ObjStm") {
            return Err(wrong("no object stream"));
        }
        if let Some(length) = dict.get("Length").and_then(Object::reference)
            && !matches!(self.entry(length.number), Some(Entry::At { .. }))
        {
            return Err(wrong("the length of an object stream lies in an object stream"));
        }
        let data = self.stream_data(&loaded)?;
        let number = |key| {
            dict.get(key)
                .and_then(Object::integer)
                .and_then(|value| usize::try_from(value).ok())
        };
        let (Some(count), Some(first)) = (number("N"), number("First")) else {
            return Err(wrong("N or First of an object stream"));
        };
        if count > MAX_PDF_OBJECTS {
            return Err(OpenError::Limit {
                what: "objects",
                limit: MAX_PDF_OBJECTS,
            });
        }
        let mut parser = Parser::stream(&data, 0, id.number);
        let mut index = Vec::new();
        for _ in 0..count {
            let (Token::Integer(number), Token::Integer(at)) = (parser.token(), parser.token()) else {
                return Err(wrong("the index of an object stream"));
            };
            let at = usize::try_from(at).ok().and_then(|at| at.checked_add(first));
            let entry = u32::try_from(number).ok().zip(at);
            index.push(entry.ok_or_else(|| wrong("the index of an object stream"))?);
        }
        self.budget.parse(parser.reach())?;
        // Readers part on which of two objects of one number counts, and on where one ends that begins within
        // another (7.5.7: offsets ascend).
        let begin = index.first().map_or(first, |(_, at)| *at);
        let mut numbers: Vec<u32> = index.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        if parser.pos() > begin
            || !index.is_sorted_by(|before, after| before.1 < after.1)
            || !numbers.is_sorted_by(|before, after| before < after)
        {
            return Err(wrong("the index of an object stream"));
        }
        Ok(Container {
            number: id.number,
            wording: parser.wording(),
            data,
            index,
            objects: RefCell::default(),
        })
    }

    /// Follows references until something else comes.
    pub(super) fn follow(&self, object: &Object) -> Result<Loaded, OpenError> {
        let mut loaded = Loaded::direct(object.clone());
        for _ in 0..MAX_HOPS {
            match loaded.object.reference() {
                Some(id) => loaded = self.load(id)?,
                None => return Ok(loaded),
            }
        }
        Err(OpenError::Limit {
            what: "references to references",
            limit: MAX_HOPS,
        })
    }

    /// A dictionary value with references followed; null where it is absent.
    pub(super) fn get(&self, dict: &Dict, key: &str) -> Result<Loaded, OpenError> {
        match dict.get(key) {
            Some(value) => self.follow(value),
            None => Ok(Loaded::direct(Object::Null)),
        }
    }

    /// The raw data of a stream.
    pub(super) fn raw_stream(&self, loaded: &Loaded) -> Result<&'a [u8], OpenError> {
        Ok(self.around_stream(loaded)?.0)
    }

    /// The raw data of a stream, where its object ends, and how what follows them is written.
    fn around_stream(&self, loaded: &Loaded) -> Result<(&'a [u8], usize, Wording), OpenError> {
        let wrong = |what| OpenError::Object {
            object: loaded.number,
            what,
        };
        let (Some(start), Some(dict)) = (loaded.stream, loaded.object.dict()) else {
            return Err(wrong("no stream"));
        };
        if filter::has_short_keys(dict) {
            return Err(OpenError::Unsupported {
                object: loaded.number,
                what: "data in an external file, or keys of pictures within content",
            });
        }
        let length = self.get(dict, "Length")?.object.integer();
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(|| wrong("the length of its stream"))?;
        let mut parser = Parser::file(self.data, start);
        let data = parser.stream_data(length);
        let searched = parser.reach().saturating_sub(start).saturating_sub(length);
        self.budget.parse(searched)?;
        let data = data.ok_or_else(|| {
            wrong("its stream does not begin behind a line end, or end where its length says")
        })?;
        Ok((data, parser.pos(), parser.wording()))
    }

    /// The decoded data of a stream.
    pub(super) fn stream_data(&self, loaded: &Loaded) -> Result<Cow<'a, [u8]>, OpenError> {
        if self.encrypted {
            return Err(OpenError::Encrypted);
        }
        let raw = self.raw_stream(loaded)?;
        let Some(dict) = loaded.object.dict() else {
            return Ok(Cow::Borrowed(raw));
        };
        // Filters given by reference are put in place first.
        let mut resolved = Vec::new();
        for key in ["Filter", "DecodeParms"] {
            let value = self.get(dict, key)?.object;
            let value = match value {
                Object::Array(items) => Object::Array(
                    items
                        .iter()
                        .map(|item| self.follow(item).map(|loaded| loaded.object))
                        .collect::<Result<_, _>>()?,
                ),
                other => other,
            };
            resolved.push((key, value));
        }
        filter::decode(raw, &Dict::of(resolved), loaded.number, &self.budget)
    }

    /// Walks a tree of dictionaries from its roots, each node once. `visit` gets the node and what its
    /// parent handed down, and gives the children and what they inherit.
    pub(super) fn walk<T>(
        &self,
        roots: &[Object],
        inherited: T,
        mut visit: impl FnMut(&Loaded, &T) -> Result<(Vec<Object>, T), OpenError>,
    ) -> Result<(), OpenError> {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        // A stack of what is to come, so that no tree, however deep, deepens ours.
        let inherited = Rc::new(inherited);
        let mut todo: Vec<(Object, Rc<T>)> = Vec::new();
        let mut add = |objects: &[Object], inherited: &Rc<T>, todo: &mut Vec<(Object, Rc<T>)>| {
            count += objects.len();
            if count > MAX_PDF_TREE {
                return Err(OpenError::Limit {
                    what: "nodes of one tree",
                    limit: MAX_PDF_TREE,
                });
            }
            todo.extend(
                objects
                    .iter()
                    .rev()
                    .map(|object| (object.clone(), Rc::clone(inherited))),
            );
            Ok(())
        };
        add(roots, &inherited, &mut todo)?;
        while let Some((object, inherited)) = todo.pop() {
            if let Some(id) = object.reference()
                && !seen.insert(id)
            {
                return Err(OpenError::Object {
                    object: id.number,
                    what: "it stands twice in one tree",
                });
            }
            let loaded = self.follow(&object)?;
            let (children, handed) = visit(&loaded, &inherited)?;
            add(&children, &Rc::new(handed), &mut todo)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Asks a file of one object, whose number is 1; 3 and 4 are listed in it.
    fn ask<T>(
        object: &[u8],
        question: impl FnOnce(&Reader<'_>) -> Result<T, OpenError>,
    ) -> Result<T, OpenError> {
        let head: &[u8] = b"%PDF-1.7\n1 0 obj\n";
        let file = [head, object, b"\n%%EOF\n"].concat();
        let inside = |index| Entry::In { container: 1, index };
        let offset = b"%PDF-1.7\n".len();
        let section = Section {
            offset: 0,
            start: 0,
            end: 0,
            trailer_at: 0,
            hidden_at: None,
            wording: Wording::Plain,
            entries: BTreeMap::from([
                (
                    1,
                    Entry::At {
                        offset,
                        generation: 0,
                    },
                ),
                (3, inside(0)),
                (4, inside(1)),
            ]),
            hidden: BTreeMap::new(),
            trailer: Dict::default(),
        };
        question(&Reader::new(
            &file,
            vec![Rc::new(section)],
            Rc::default(),
            Vec::new(),
        ))
    }

    fn id(number: u32) -> Id {
        Id {
            number,
            generation: 0,
        }
    }

    fn stream_of(object: &str) -> Result<Vec<u8>, OpenError> {
        ask(object.as_bytes(), |reader| {
            Ok(reader.stream_data(&reader.load(id(1))?)?.into_owned())
        })
    }

    #[test]
    fn streams_begin_and_end_where_every_reader_sees_it() {
        for good in [
            "<</Length 5>>stream\n0 g S\nendstream\nendobj",
            "<</Length 5>> stream\r\n0 g S\r\nendstream endobj",
            "<</Length 5>>\nstream\r0 g S\rendstream\nendobj",
            "<</Length 5>>stream\n0 g Sendstream%\nendobj",
        ] {
            assert_eq!(stream_of(good).unwrap(), b"0 g S", "{good:?}");
        }
        for bad in [
            // The line of `stream` holds data for some readers.
            "<</Length 5>>stream \n0 g S\nendstream\nendobj",
            "<</Length 7>>stream \n0 g S\nendstream\nendobj",
            "<</Length 7>>stream[]\n0 g \nendstream\nendobj",
            // The data go on for those who search for their end.
            "<</Length 5>>stream\n0 g S%1 g\nendstream\nendobj",
            "<</Length 5>>stream\n0 g S\n%1 g\nendstream\nendobj",
            "<</Length 5>>stream\n0 g S \nendstream\nendobj",
            "<</Length 5>>stream\n0 g S\n\nendstream\nendobj",
            "<</Length 4>>stream\n0 g S\nendstream\nendobj",
            "<</Length 999>>stream\n0 g S\nendstream\nendobj",
            // Keys that some readers prefer to the long ones.
            "<</DP<<>>/Length 5>>stream\n0 g S\nendstream\nendobj",
            "<</F null/Length 5>>stream\n0 g S\nendstream\nendobj",
            "<</CS null/Length 5>>stream\n0 g S\nendstream\nendobj",
            // The object goes on.
            "<</Length 5>>stream\n0 g S\nendstream\nendstream\nendobj",
        ] {
            assert!(stream_of(bad).is_err(), "{bad:?}");
        }
    }

    /// Objects 3 and 4 of an object stream.
    fn packed(index: &str, objects: &str) -> [Option<Object>; 2] {
        let length = index.len() + objects.len();
        let object = format!(
            "<</Type/ObjStm/N 2/First {}/Length {length}>>stream\n{index}{objects}\nendstream\nendobj",
            index.len()
        );
        let read = ask(object.as_bytes(), |reader| {
            Ok([3, 4].map(|number| reader.load(id(number)).ok().map(|loaded| loaded.object)))
        });
        read.unwrap()
    }

    #[test]
    fn objects_of_a_stream_are_one_each_and_lie_one_behind_the_other() {
        let one = Some(Object::Integer(11));
        let two = Some(Object::Integer(22));
        assert_eq!(packed("3 0 4 3 ", "11 22"), [one.clone(), two.clone()]);
        assert_eq!(packed("3 0 4 3 ", "11%22\n22"), [one.clone(), two.clone()]);
        // Which of them is object 3?
        assert_eq!(packed("3 0 3 3 ", "11 22"), [None, None]);
        // Where does each end?
        assert_eq!(packed("3 3 4 0 ", "22 11"), [None, None]);
        assert_eq!(packed("3 0 4 0 ", "11 22"), [None, None]);
        assert_eq!(packed("3 0 4 1 ", "11 22"), [None, Some(Object::Integer(1))]);
        assert_eq!(packed("3 0 4 2 ", "[ 22 ]"), [None, two]);
        // Objects that begin within the index.
        let object = "<</Type/ObjStm/N 1/First 2/Length 6>>stream\n3 0 11\nendstream\nendobj";
        assert!(ask(object.as_bytes(), |reader| reader.load(id(3))).is_err());
    }
}

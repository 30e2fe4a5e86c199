//! Who is who in a test case: names of the features and the identities they have on the wire.
use std::collections::BTreeMap;

/// A person of the feature: Alice, Bob, Carol or Dave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// `+` and digits.
    pub number: String,
    pub display_name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cast {
    people: BTreeMap<String, Person>,
}

impl Cast {
    pub fn add(&mut self, person: Person) {
        self.people.insert(person.name.clone(), person);
    }

    pub fn get(&self, name: &str) -> Option<&Person> {
        self.people.get(name)
    }

    /// The number of a person, or an empty text, which equals no number on the wire.
    pub fn number(&self, name: &str) -> &str {
        self.people
            .get(name)
            .map_or("", |person| person.number.as_str())
    }

    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }
}

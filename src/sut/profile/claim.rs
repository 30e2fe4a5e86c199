//! An item of the ICS (implementation conformance statement): what a system says of itself, or has not said yet.
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Three values: whoever has not answered has neither claimed nor disclaimed an option.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Claim {
    Yes,
    No,
    /// As if the profile did not mention the item.
    #[default]
    Unset,
}

impl Claim {
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unset => "unset",
        }
    }
}

impl From<bool> for Claim {
    fn from(claimed: bool) -> Self {
        if claimed { Self::Yes } else { Self::No }
    }
}

impl Serialize for Claim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// `yes` is a text in YAML 1.2 and a truth value in 1.1, so both are taken.
impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Truth(bool),
            Word(String),
            Other(serde::de::IgnoredAny),
        }
        match Written::deserialize(deserializer)? {
            Written::Truth(claimed) => Ok(claimed.into()),
            Written::Word(word) => match word.as_str() {
                "yes" => Ok(Self::Yes),
                "no" => Ok(Self::No),
                "unset" => Ok(Self::Unset),
                _ => Err(D::Error::custom(format!(
                    "`{word}` is none of yes, no, unset"
                ))),
            },
            Written::Other(_) => Err(D::Error::custom("an ICS item is yes, no or unset")),
        }
    }
}

impl JsonSchema for Claim {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Claim".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["yes", "no", "unset", true, false] })
    }
}

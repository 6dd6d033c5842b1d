//! Structs read from JSON objects and written as such. Here are few of them, and serde's own macros are the dearest part of
//! a build that has no other use for them.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor, value::UnitDeserializer};

/// `Deserialize` for a struct, from the names of its fields. One name twice is refused, an unknown one passed over; an
/// `Option` may be missing or null, but those behind the `;` never are null.
macro_rules! read_object {
    ($type:ident { $($field:ident: $name:expr),+ $(; $($given:ident: $as:expr),+)? $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                const NAMES: &[&str] = &[$($name,)+ $($($as),+)?];

                struct Read;

                impl<'de> serde::de::Visitor<'de> for Read {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("struct ", stringify!($type)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
                        $(let mut $field = None;)+
                        $($(let mut $given = None;)+)?
                        while let Some(name) = map.next_key_seed($crate::object::OneOf(NAMES))? {
                            match name {
                                $(Some(name) if name == $name => $crate::object::once(&mut $field, name, &mut map)?,)+
                                $($(Some(name) if name == $as => $crate::object::once(&mut $given, name, &mut map)?,)+)?
                                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok($type { $($field: $crate::object::given($field, $name)?,)+ $($($given),+)? })
                    }
                }

                from.deserialize_struct(stringify!($type), NAMES, Read)
            }
        }
    };
}

/// `Serialize` and `Deserialize` for a struct whose fields are called what they are called in the object, and written in
/// this order: `unless` a method of the field's says so.
macro_rules! kept_object {
    ($type:ident { $($field:ident $(unless $absent:ident)?),+ $(,)? }) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;

                let Self { $($field),+ } = self;
                let fields = 0 $(+ usize::from(!(false $(|| $field.$absent())?)))+;
                let mut out = to.serialize_struct(stringify!($type), fields)?;
                $(if false $(|| $field.$absent())? {
                    out.skip_field(stringify!($field))?;
                } else {
                    out.serialize_field(stringify!($field), $field)?;
                })+
                out.end()
            }
        }

        $crate::object::read_object!($type { $($field: stringify!($field)),+ });
    };
}

pub(crate) use {kept_object, read_object};

/// Which of an object's names it is; `None` for any other.
pub(crate) struct OneOf(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for OneOf {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for OneOf {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|known| **known == name).copied())
    }
}

pub(crate) fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    field: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if field.is_some() {
        return Err(Error::duplicate_field(name));
    }
    *field = Some(map.next_value()?);
    Ok(())
}

/// Nothing at all is read as a unit is, which an `Option` alone can be.
pub(crate) fn given<'de, T: Deserialize<'de>, E: Error>(field: Option<T>, name: &'static str) -> Result<T, E> {
    let missing = || T::deserialize(UnitDeserializer::<E>::new()).map_err(|_| E::missing_field(name));
    field.map_or_else(missing, Ok)
}

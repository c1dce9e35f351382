//! Face values as a JSON object gives them.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};

/// Texts by name of the field. A number stands for its text, `null` for no value; a name given twice is
/// refused, because either of the two values could be the one that was meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(pub BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Number(serde_json::Number),
    Nothing(()),
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("字段名到文本的 JSON 对象 (an object of texts)")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    let value = match map.next_value::<Value>() {
                        Ok(Value::Text(text)) => text,
                        Ok(Value::Number(number)) => number.to_string(),
                        Ok(Value::Nothing(())) => String::new(),
                        Err(_) => {
                            return Err(A::Error::custom(format_args!(
                                "“{key}”的值应为文本或数字 (must be a text)"
                            )));
                        }
                    };
                    if values.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format_args!("“{key}”给了两次 (is given twice)")));
                    }
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_map(Texts)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn texts_numbers_and_nothing_are_values_and_a_second_value_is_not() {
        let values: Values = serde_json::from_str(r#"{"a": "x", "b": 10, "c": null}"#).unwrap();
        let values: Vec<_> = values.0.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(values, [("a", "x"), ("b", "10"), ("c", "")]);
        for (wrong, named) in [
            (r#"{"a": "1", "a": "2"}"#, "“a”给了两次"),
            (r#"{"a": null, "a": "2"}"#, "“a”给了两次"),
            (r#"{"a": [1]}"#, "“a”的值应为文本或数字"),
            (r#"{"a": true}"#, "“a”的值应为文本或数字"),
            ("[]", "字段名到文本的 JSON 对象 (an object of texts)"),
        ] {
            let error = serde_json::from_str::<Values>(wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{wrong}: {error}");
        }
    }
}

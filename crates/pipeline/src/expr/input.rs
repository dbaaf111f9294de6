//! What an expression sees of its tags.

use std::cell::Cell;
use std::sync::Arc;

use lineshaft_model::{Sample, Value};

/// One input of an expression.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Input {
    /// Bad, or nothing yet.
    #[default]
    Null,
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(Arc<str>),
}

impl From<&Sample> for Input {
    /// What an expression sees of a sample: nothing of a bad one.
    fn from(sample: &Sample) -> Input {
        if sample.quality.is_bad() {
            return Input::Null;
        }
        match &sample.value {
            Value::Bool(on) => Input::Bool(*on),
            Value::Text(text) => Input::Text(text.clone()),
            Value::Null | Value::Bytes(_) => Input::Null,
            number => number.as_f64().map_or(Input::Null, Input::Number),
        }
    }
}

/// What the closures see.
pub(crate) struct Inputs<'a> {
    inputs: &'a [Input],
    undefined: Cell<bool>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(inputs: &'a [Input]) -> Inputs<'a> {
        Inputs { inputs, undefined: Cell::new(false) }
    }

    /// Whether something had no value, so that NULL is not only what an input was.
    pub(super) fn was_undefined(&self) -> bool {
        self.undefined.get()
    }

    pub(super) fn number(&self, slot: usize) -> Option<f64> {
        match self.inputs.get(slot) {
            Some(Input::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn bool(&self, slot: usize) -> Option<bool> {
        match self.inputs.get(slot) {
            Some(Input::Bool(bool)) => Some(*bool),
            _ => None,
        }
    }

    pub(super) fn text(&self, slot: usize) -> Option<&Arc<str>> {
        match self.inputs.get(slot) {
            Some(Input::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// NULL, because it has no value.
    pub(super) fn undefined<T>(&self) -> Option<T> {
        self.undefined.set(true);
        None
    }
}

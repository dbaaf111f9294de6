//! The samples of one tag in memory, in order of arrival: written here, read in [`super::copied`].

use lineshaft_model::{Sample, TagId, Timestamp, Value};

use super::blocks::{Blocks, Chain, Spot};
use super::form::{Escape, Form, Tick, Usual};
use crate::numbers::{Width, int_of, narrow};
use crate::rows::Mark;

/// So many reals in a row may be no decimals before the column gives decimals up: a -0.0 among tenths is one, noise is
/// all of them.
const ODD_MAX: u8 = 4;

/// What is known of a tag's samples; the samples are in the blocks of the generation.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    tag: TagId,
    pub(super) chain: Chain,
    pub(super) len: u32,
    mark: Mark,
    usual: Usual,
    oldest: i64,
    newest: i64,
    last: i64,
    /// The last whole number or decimal, or a [`Place`].
    number: i64,
    form: Form,
    tick: Tick,
    /// How many reals in a row were no decimals, while decimals are expected.
    odd: u8,
    pub(super) is_sorted: bool,
}

const _: () = assert!(size_of::<Column>() <= 64, "a hundred thousand of these are kept");

/// Where the last text or byte string stands, in the eight bytes of a number: a state that stays is one byte.
struct Place;

impl Place {
    const NONE: i64 = -1;
    const LEN_MAX: usize = 0xff_fffe;

    const fn pack(spot: Spot, len: usize) -> i64 {
        if len > Place::LEN_MAX {
            return Place::NONE;
        }
        (spot.block as u64 | (spot.at as u64) << 32 | (len as u64) << 40) as i64
    }

    const fn spot(place: i64) -> Spot {
        Spot { block: place as u32, at: (place >> 32) as u8 }
    }

    const fn len(place: i64) -> usize {
        (place as u64 >> 40) as usize
    }
}

/// A value ready to be written behind its instant.
enum Coded<'a> {
    Nothing,
    Byte(u8),
    Difference(i64),
    Single(f32),
    Double(f64),
    Content(&'a [u8]),
}

/// The bytes of one sample without its text: six escapes, an instant and a number at most.
struct Draft {
    bytes: [u8; Draft::MAX],
    len: usize,
}

impl Draft {
    const MAX: usize = 48;

    fn put(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn put_all(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn put_varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.put(number as u8 | 0x80);
            number >>= 7;
        }
        self.put(number as u8);
    }

    fn put_zigzag(&mut self, number: i64) {
        self.put_varint(zigzag(number));
    }

    fn escape(&mut self, escape: Escape) {
        self.put(0);
        self.put(escape.code());
    }
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

impl Column {
    pub(crate) fn new(tag: TagId) -> Column {
        Column {
            tag,
            chain: Chain::default(),
            len: 0,
            mark: Mark(0),
            usual: Usual::START,
            oldest: i64::MAX,
            newest: i64::MIN,
            last: 0,
            number: 0,
            form: Form::Decimal(0, Width::Double),
            tick: Tick::Milli,
            odd: 0,
            is_sorted: true,
        }
    }

    pub(crate) const fn tag(&self) -> TagId {
        self.tag
    }

    pub(crate) const fn oldest(&self) -> i64 {
        self.oldest
    }

    pub(crate) const fn newest(&self) -> i64 {
        self.newest
    }

    /// Adds a sample at the end of the order of arrival. A good NaN does not exist: it becomes bad here.
    pub(crate) fn push(&mut self, sample: &Sample, blocks: &mut Blocks) {
        let mut draft = Draft { bytes: [0; Draft::MAX], len: 0 };
        let mark = mark_of(sample);
        if mark != self.mark {
            draft.escape(Escape::Mark);
            draft.put_varint(u64::from(mark.0));
            self.mark = mark;
        }
        let coded = self.code(&sample.value, &mut draft);
        let ts = sample.ts.nanos();
        self.put_instant(ts, &mut draft);
        match coded {
            Coded::Nothing => {}
            Coded::Byte(byte) => draft.put(byte),
            Coded::Difference(difference) => draft.put_zigzag(difference),
            Coded::Single(single) => draft.put_all(&single.to_bits().to_le_bytes()),
            Coded::Double(double) => draft.put_all(&double.to_bits().to_le_bytes()),
            Coded::Content(content) => self.put_content(content, &mut draft, blocks),
        }
        blocks.append(&mut self.chain, &draft.bytes[..draft.len]);
        self.len += 1;
        self.is_sorted &= ts >= self.newest;
        self.oldest = self.oldest.min(ts);
        self.newest = self.newest.max(ts);
    }

    fn put_instant(&mut self, ts: i64, draft: &mut Draft) {
        let Some(step) = ts.checked_sub(self.last) else {
            draft.escape(Escape::Instant);
            draft.put_all(&ts.to_le_bytes());
            self.last = ts;
            return;
        };
        let step = loop {
            match self.tick.whole(step) {
                Some(step) => break step,
                None => {
                    draft.escape(Escape::Finer);
                    (self.tick, self.usual) = (self.tick.finer(), self.usual.finer());
                }
            }
        };
        // Zigzag plus one fits: a step that is nearly as long as time itself is written whole.
        match step.checked_sub(self.usual.ticks()).map(zigzag).filter(|off| *off < u64::MAX) {
            Some(off) => draft.put_varint(off + 1),
            None => {
                draft.escape(Escape::Instant);
                draft.put_all(&ts.to_le_bytes());
                self.last = ts;
                return;
            }
        }
        self.usual = self.usual.follow(step);
        self.last = ts;
    }

    fn turn(&mut self, form: Form, draft: &mut Draft) {
        if self.form != form {
            draft.escape(Escape::Form(form));
            self.number = self.form.carry(self.number, form);
            self.form = form;
        }
    }

    fn difference<'a>(&mut self, number: i64) -> Coded<'a> {
        let difference = number.wrapping_sub(self.number);
        self.number = number;
        Coded::Difference(difference)
    }

    fn code<'a>(&mut self, value: &'a Value, draft: &mut Draft) -> Coded<'a> {
        match value {
            Value::Null => Coded::Nothing,
            Value::Bool(on) => {
                self.turn(Form::Bool, draft);
                Coded::Byte(u8::from(*on))
            }
            Value::Int(int) => {
                self.turn(Form::Int, draft);
                self.difference(*int)
            }
            Value::Uint(uint) => {
                self.turn(Form::Uint, draft);
                self.difference(*uint as i64)
            }
            Value::Float(float) => self.code_float(*float, draft),
            Value::Text(text) => {
                self.turn(Form::Text, draft);
                Coded::Content(text.as_bytes())
            }
            Value::Bytes(bytes) => {
                self.turn(Form::Bytes, draft);
                Coded::Content(bytes)
            }
        }
    }

    fn code_float<'a>(&mut self, float: f64, draft: &mut Draft) -> Coded<'a> {
        match self.form {
            Form::Decimal(scale, width) => {
                if let Some(int) = int_of(float, u32::from(scale), width) {
                    self.odd = 0;
                    return self.difference(int);
                }
                self.widen(float, scale, width, draft)
            }
            Form::Single => self.code_wide(float, draft),
            Form::Double => Coded::Double(float),
            _ => self.widen(float, 0, Width::Double, draft),
        }
    }

    /// More places, or a decimal that was rounded to a single, or no decimal at all: whatever keeps every bit.
    fn widen<'a>(&mut self, float: f64, scale: u8, width: Width, draft: &mut Draft) -> Coded<'a> {
        let is_single = narrow(float).is_some();
        for next in [Width::Double, Width::Single] {
            // A column that has singles stays with them: going back and forth would cost two bytes each time.
            let fits = match next {
                Width::Double => width == Width::Double,
                Width::Single => is_single,
            };
            if !fits {
                continue;
            }
            for scale in scale..=Form::places_max(next) as u8 {
                if let Some(int) = int_of(float, u32::from(scale), next) {
                    self.odd = 0;
                    self.turn(Form::Decimal(scale, next), draft);
                    return self.difference(int);
                }
            }
        }
        if matches!(self.form, Form::Decimal(..)) && self.odd < ODD_MAX {
            self.odd += 1;
            draft.escape(Escape::Odd);
            return Coded::Double(float);
        }
        self.code_wide(float, draft)
    }

    fn code_wide<'a>(&mut self, float: f64, draft: &mut Draft) -> Coded<'a> {
        match narrow(float) {
            Some(single) => {
                self.turn(Form::Single, draft);
                Coded::Single(single)
            }
            None => {
                self.turn(Form::Double, draft);
                Coded::Double(float)
            }
        }
    }

    /// Writes text or bytes, or one zero if it is what stood there before. The draft goes out first.
    fn put_content(&mut self, content: &[u8], draft: &mut Draft, blocks: &mut Blocks) {
        let before = self.number;
        if before != Place::NONE
            && Place::len(before) == content.len()
            && blocks.stands_at(Place::spot(before), content)
        {
            draft.put(0);
            return;
        }
        draft.put_varint(content.len() as u64 + 1);
        blocks.append(&mut self.chain, &draft.bytes[..draft.len]);
        draft.len = 0;
        self.number = Place::pack(self.chain.end(), content.len());
        blocks.append(&mut self.chain, content);
    }
}

fn mark_of(sample: &Sample) -> Mark {
    match &sample.value {
        Value::Float(float) if !float.is_finite() => {
            let Sample { quality, clock, .. } = sample;
            Mark::of(&Sample::new(Timestamp::MIN, Value::Float(*float), *quality, *clock))
        }
        Value::Null => {
            let Sample { quality, clock, .. } = sample;
            Mark::of(&Sample::new(Timestamp::MIN, Value::Null, *quality, *clock))
        }
        _ => Mark::of(sample),
    }
}

//! Results that are longer than a number: the page reads them from the module's memory.

use std::cell::RefCell;

thread_local! {
    static NUMBERS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Let the page read numbers; returns their count.
pub(crate) fn put_numbers(fill: impl FnOnce(&mut Vec<f32>)) -> usize {
    NUMBERS.with_borrow_mut(|numbers| {
        numbers.clear();
        fill(numbers);
        numbers.len()
    })
}

/// Let the page read a text; returns its length in bytes.
pub(crate) fn put_text(text: String) -> usize {
    let length = text.len();
    TEXT.set(text);
    length
}

/// The address of the numbers that the last call has put there. Valid until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn numbers() -> *const f32 {
    NUMBERS.with_borrow(|numbers| numbers.as_ptr())
}

/// The address of the text, in UTF-8, that the last call has put there. Valid until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    TEXT.with_borrow(|text| text.as_ptr())
}

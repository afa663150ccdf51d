//! No bar: without the feature `progress`, or where there is no terminal to draw it on.

pub(crate) struct Bar;

impl Bar {
    pub(crate) fn new(_: usize) -> Self {
        Self
    }

    pub(crate) fn begin(&self, _: usize, _: usize) {}

    pub(crate) fn advance(&self) {}

    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        print();
    }
}

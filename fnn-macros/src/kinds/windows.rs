//! Windows that slide over images and sequences, shared by convolutions and pools.

use proc_macro2::TokenStream;
use quote::quote;

use crate::arguments::{Arguments, Padding};
use crate::flow::{Flow, Site};
use crate::report::const_check;
use crate::size::Size;

/// Sizes of `[channels, rows, columns]` and of `[channels, length]`.
pub(super) const IMAGE: usize = 3;
pub(super) const SEQUENCE: usize = 2;

/// A window on one axis.
pub(super) struct Axis {
    /// The name of the argument for the window's size.
    window: &'static str,
    /// What the axis consists of, for messages.
    unit: &'static str,
    pub(super) input: Size,
    pub(super) kernel: Size,
    stride: Size,
    pub(super) padding: Padding,
    dilation: Size,
}

impl Axis {
    /// The axes that follow the channels. `window` is the name of the argument for its size, and `stride` the
    /// default stride.
    pub(super) fn all(
        arguments: &Arguments,
        sizes: &[Size],
        window: &'static str,
        stride: fn(&Size) -> Size,
    ) -> Vec<Self> {
        let units: &[&str] = if sizes.len() == IMAGE { &["rows", "columns"] } else { &["elements"] };
        let axis = |(index, (&unit, input)): (usize, (&&'static str, &Size))| {
            let given = |name| arguments.size_of_axis(name, index);
            let kernel = given(window).unwrap_or_else(Size::one);
            Self {
                window,
                unit,
                input: input.clone(),
                stride: given("stride").unwrap_or_else(|| stride(&kernel)),
                padding: arguments.padding(index),
                dilation: given("dilation").unwrap_or_else(Size::one),
                kernel,
            }
        };
        units.iter().zip(sizes.iter().skip(1)).enumerate().map(axis).collect()
    }

    /// The output size.
    pub(super) fn output(&self, site: &Site<'_>) -> Size {
        let [before, after] = match &self.padding {
            // Not computed from the kernel, which may be a const parameter.
            Padding::Same | Padding::Causal if self.stride.known == Some(1) => return self.input.clone(),
            Padding::Same => {
                return Size::call(site.fnn, "same_places", [&self.input, &self.stride], |[size, stride]| {
                    (stride > 0).then(|| size.div_ceil(stride))
                });
            }
            Padding::Causal => [self.causal(site), Size::zero()],
            Padding::Ends(ends) => ends.clone(),
        };
        let sizes = [&self.input, &self.kernel, &self.stride, &before, &after, &self.dilation];
        Size::call(site.fnn, "places", sizes, |[size, kernel, stride, before, after, dilation]| {
            let padded = before.checked_add(after)?.checked_add(size)?;
            padded.checked_sub(known_span([kernel, dilation])?)?.checked_div(stride)?.checked_add(1)
        })
    }

    /// The padding before the first element for `causal`.
    fn causal(&self, site: &Site<'_>) -> Size {
        Size::call(site.fnn, "causal_padding", [&self.kernel, &self.dilation], |sizes| {
            known_span(sizes)?.checked_sub(1)
        })
    }

    /// The padding before the first element, and after the last one if it is another.
    fn ends(&self, site: &Site<'_>) -> (TokenStream, Option<TokenStream>) {
        match &self.padding {
            Padding::Ends([before, after]) => {
                (before.tokens.clone(), (!before.same(after)).then(|| after.tokens.clone()))
            }
            Padding::Same => {
                // At a stride of 1, it is that of any size, which may be a const parameter.
                let (one, is_still) = (Size::one(), self.stride.known == Some(1));
                let sizes = [if is_still { &one } else { &self.input }, &self.kernel, &self.stride, &self.dilation];
                let same = Size::call(site.fnn, "same_padding", sizes, |_| None).tokens;
                (quote!(#same.0), Some(quote!(#same.1)))
            }
            Padding::Causal => (self.causal(site).tokens, Some(quote!(0))),
        }
    }

    /// The window as a type.
    fn window(&self, site: &Site<'_>) -> TokenStream {
        let fnn = site.fnn;
        let [kernel, stride, dilation] = [&self.kernel, &self.stride, &self.dilation].map(|size| &size.tokens);
        let (before, after) = self.ends(site);
        let after = after.map(|after| quote!(, { #after }));
        quote!(#fnn::layers::Window<{ #kernel }, { #stride }, { #before }, { #dilation } #after>)
    }

    /// The sizes that must not be 0.
    fn sizes(&self) -> [(&'static str, &Size); 3] {
        [(self.window, &self.kernel), ("stride", &self.stride), ("dilation", &self.dilation)]
    }

    /// A check that the window fits.
    fn fits(&self, site: &Site<'_>) -> TokenStream {
        let (name, window, unit) = (site.name, self.window, self.unit);
        let [input, kernel, dilation] = [&self.input, &self.kernel, &self.dilation].map(|size| &size.tokens);
        // Others fit every input.
        let Padding::Ends([before, after]) = &self.padding else { return TokenStream::new() };
        let (before, after) = (&before.tokens, &after.tokens);
        let arguments = quote!(#name, (#window, #unit), #input, #kernel, #dilation, (#before, #after));
        const_check(&self.kernel.written, "check_window", arguments)
    }
}

/// How many elements a window spans, including the gaps of its dilation.
pub(crate) fn span(site: &Site<'_>, kernel: &Size, dilation: &Size) -> Size {
    Size::call(site.fnn, "span", [kernel, dilation], known_span)
}

fn known_span([kernel, dilation]: [usize; 2]) -> Option<usize> {
    kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)
}

/// The checks that only the compiler can evaluate. A mistake in an argument shared by both axes is reported once.
pub(super) fn checks(site: &Site<'_>, axes: &[Axis]) -> Vec<TokenStream> {
    let mut checks = Vec::new();
    for (index, axis) in axes.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &axes[before]);
        for (index, (what, size)) in axis.sizes().into_iter().enumerate() {
            // A pool's stride may be its window.
            let is_window = what == "stride" && size.same(&axis.kernel);
            if !is_window && before.is_none_or(|before| !before.sizes()[index].1.same(size)) {
                checks.push(site.check_size(size, what));
            }
        }
    }
    match axes {
        [rows, columns] if rows.kernel.same(&columns.kernel) => {
            let (rows, columns) = (rows.fits(site), columns.fits(site));
            checks.push(quote!(#rows; #columns));
        }
        axes => checks.extend(axes.iter().map(|axis| axis.fits(site))),
    }
    checks
}

/// The type of channels along some axes.
pub(super) fn sample(site: &Site<'_>, channels: &Size, axes: impl Iterator<Item = Size>) -> (Flow, TokenStream) {
    let flow = Flow::Sizes(std::iter::once(channels.clone()).chain(axes).collect());
    let sample = flow.sample(site, site.scalar);
    (flow, sample)
}

/// The windows on all axes as a type.
pub(super) fn windows(site: &Site<'_>, axes: &[Axis]) -> TokenStream {
    let windows: Vec<_> = axes.iter().map(|axis| axis.window(site)).collect();
    match &windows[..] {
        [columns] => columns.clone(),
        windows => quote!((#(#windows),*)),
    }
}

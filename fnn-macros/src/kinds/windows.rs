//! Windows that slide over images and sequences, shared by convolutions and pools.

use proc_macro2::TokenStream;
use quote::quote;

use crate::arguments::Arguments;
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
    /// `None` for `same`.
    pub(super) padding: Option<Size>,
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
                padding: if arguments.is("padding", "same") {
                    None
                } else {
                    Some(given("padding").unwrap_or_else(Size::zero))
                },
                dilation: given("dilation").unwrap_or_else(Size::one),
                kernel,
            }
        };
        units.iter().zip(sizes.iter().skip(1)).enumerate().map(axis).collect()
    }

    /// The output size.
    pub(super) fn output(&self, site: &Site<'_>) -> Size {
        let Some(padding) = &self.padding else { return self.input.clone() };
        let sizes = [&self.input, &self.kernel, &self.stride, padding, &self.dilation];
        Size::call(site.fnn, "places", sizes, |[size, kernel, stride, padding, dilation]| {
            let span = dilation.checked_mul(kernel.checked_sub(1)?)?.checked_add(1)?;
            let padded = padding.checked_mul(2)?.checked_add(size)?;
            padded.checked_sub(span)?.checked_div(stride)?.checked_add(1)
        })
    }

    /// The window as a type.
    fn window(&self, site: &Site<'_>) -> TokenStream {
        let fnn = site.fnn;
        let same = || Size::call(fnn, "same_padding", [&self.kernel, &self.dilation], |_| None);
        let padding = self.padding.clone().unwrap_or_else(same);
        let [kernel, stride, padding, dilation] =
            [&self.kernel, &self.stride, &padding, &self.dilation].map(|size| &size.tokens);
        quote!(#fnn::layers::Window<{ #kernel }, { #stride }, { #padding }, { #dilation }>)
    }

    /// The sizes that must not be 0.
    fn sizes(&self) -> [(&'static str, &Size); 3] {
        [(self.window, &self.kernel), ("stride", &self.stride), ("dilation", &self.dilation)]
    }

    /// A check that the window fits.
    fn fits(&self, site: &Site<'_>) -> TokenStream {
        let (name, window, unit) = (site.name, self.window, self.unit);
        let [input, kernel, stride, dilation] =
            [&self.input, &self.kernel, &self.stride, &self.dilation].map(|size| &size.tokens);
        match &self.padding {
            Some(padding) => {
                let padding = &padding.tokens;
                let arguments = quote!(#name, (#window, #unit), #input, #kernel, #dilation, #padding);
                const_check(&self.kernel.written, "check_window", arguments)
            }
            None if self.stride.known == Some(1) => TokenStream::new(),
            None => const_check(&self.stride.written, "check_same_padding", quote!(#name, #stride)),
        }
    }
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

//! What `network!` accepts, and what it generates. What it rejects is in `tests/ui`.

mod blocks;
mod conditions;
mod headers;
mod names;
mod numbers;
mod outputs;
mod own_layers;
mod sizes;

//! What `network!` can say, and what it makes of it. What it refuses is in `tests/ui`.

mod blocks;
mod conditions;
mod headers;
mod names;
mod numbers;
mod outputs;
mod own_layers;
mod sizes;

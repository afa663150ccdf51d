fnn::network! {}

fn main() {}

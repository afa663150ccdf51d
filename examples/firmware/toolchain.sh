# How to build for a Cortex-M here: sets CARGO_FLAGS and RUSTC. To be sourced.
#
# rustup's target where it is installed or can be had; or else Debian's compiler for the web, which comes with the source
# of `core`, so that it can be built.
target_flags() {
    local target=$1
    if rustup target list --installed 2>/dev/null | grep -qx "$target"; then
        CARGO_FLAGS=()
    elif dpkg -s rustc-web rust-web-src >/dev/null 2>&1; then
        export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
        CARGO_FLAGS=(-Zbuild-std=core)
    elif timeout 60 rustup target add "$target" >/dev/null 2>&1; then
        CARGO_FLAGS=()
    elif command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq rustc-web rust-web-src >/dev/null
        target_flags "$target"
    else
        echo "the target $target is missing: rustup target add $target" >&2
        return 1
    fi
}

if ! command -v qemu-system-arm >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq qemu-system-arm >/dev/null
    else
        echo "qemu-system-arm is missing" >&2
        return 1
    fi
fi
